#include "vocabulary_split.h"

namespace temper::text2sql {

std::vector<Domain> valid_domains() {
  return {
      {{"theaters",
        "theater",
        {{"borough", "Queens|Bronx|Harlem|Chelmsford"}, {"patron", "Medici|Carnegie|Rothschild|Astor"}},
        {{"boxes", 1, 30}, {"grants", 50, 800}}},
       {"operas",
        "opera",
        {{"composer", "Verdi|Puccini|Mozart|Wagner|Handel"}, {"mood", "tragic|comic|heroic|dreamy"}},
        {{"runtime", 60, 240}, {"scenes", 10, 120}}}},
      {{"garages",
        "garage",
        {{"mechanic", "Ahmed|Bruno|Ciro|Dmitri|Esra"}, {"suburb", "Ashford|Burwood|Clayton|Dalston"}},
        {{"lifts", 1, 30}, {"invoices", 20, 400}}},
       {"vans",
        "van",
        {{"model", "Sprinter|Transit|Ducato|Vista"}, {"engine", "diesel|hybrid|electric|petrol"}},
        {{"mileage", 10, 300}, {"torque", 60, 250}}}},
      {{"labs",
        "lab",
        {{"institute", "Planck|Curie|Pasteur|Fermi"}, {"director", "Gupta|Harris|Ito|Jensen"}},
        {{"budget", 50, 900}, {"scanners", 1, 40}}},
       {"experiments",
        "experiment",
        {{"method", "laser|sonar|testing|imaging"}, {"outcome", "success|failure|unclear|partial"}},
        {{"trials", 2, 60}, {"voltage", 5, 240}}}},
      {{"hives",
        "hive",
        {{"tender", "Maren|Noor|Olga|Petra"}, {"meadow", "Clover|Heather|Lavender|Thyme"}},
        {{"frames", 4, 40}, {"queens", 1, 30}}},
       {"jars",
        "jar",
        {{"lid", "cork|tin|plastic|wax"}, {"flavor", "acacia|linden|chestnut|orange"}},
        {{"grams", 100, 900}, {"best_before", 6, 60}}}},
  };
}

}  // namespace temper::text2sql
