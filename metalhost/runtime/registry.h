// Every class that the runtime offers, defined in an order that puts superclasses first.
#pragma once

namespace metalhost {

void register_classes();

}  // namespace metalhost
