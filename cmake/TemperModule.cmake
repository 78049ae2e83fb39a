add_library(temper_options INTERFACE)
target_compile_options(temper_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion
  $<$<BOOL:${TEMPER_WERROR}>:-Werror>
  # libstdc++ 12's own stable_sort uses what it declares deprecated; clang reports that at the caller.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-error=deprecated-declarations>)
if(TEMPER_SANITIZE)
  add_compile_options(-fsanitize=${TEMPER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TEMPER_SANITIZE})
endif()

# temper_module(NAME base DEPENDS ... [LIBS ...]): one static library for one folder of src/.
# The sources are the folder's .cpp files; DEPENDS names modules below it, LIBS third-party targets.
function(temper_module)
  cmake_parse_arguments(M "" "NAME" "DEPENDS;LIBS;PRIVATE_LIBS;SOURCES" ${ARGN})
  if(NOT M_SOURCES)
    file(GLOB M_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  endif()
  add_library(temper_${M_NAME} STATIC ${M_SOURCES})
  target_include_directories(temper_${M_NAME} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM M_DEPENDS PREPEND temper_)
  # A module at or above `device` runs ops, so its tests need backends linked in.
  set(needs_device FALSE)
  foreach(dependency ${M_DEPENDS})
    get_target_property(of_dependency ${dependency} TEMPER_NEEDS_DEVICE)
    if(of_dependency)
      set(needs_device TRUE)
    endif()
  endforeach()
  if(M_NAME STREQUAL device)
    set(needs_device TRUE)
  endif()
  target_link_libraries(temper_${M_NAME} PUBLIC ${M_DEPENDS} ${M_LIBS} PRIVATE temper_options ${M_PRIVATE_LIBS})
  set_target_properties(temper_${M_NAME} PROPERTIES TEMPER_NEEDS_DEVICE ${needs_device})
endfunction()

# temper_registered_sources(SOURCES FOLDER kernels TYPE KernelTable ARGUMENT table TEMPLATE kernel_list.cpp): each .cpp of
# the folder defines `void register_<its name>(TYPE&)`; TEMPLATE.in becomes a source that calls them all, so that no
# linker drops an entry and no list is edited by hand. SOURCES gets the folder's files and the generated one.
function(temper_registered_sources out)
  cmake_parse_arguments(R "" "FOLDER;TYPE;ARGUMENT;TEMPLATE" "" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${R_FOLDER}/*.cpp)
  set(declarations "")
  set(calls "")
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    string(APPEND declarations "void register_${name}(${R_TYPE}&);\n")
    string(APPEND calls "  register_${name}(${R_ARGUMENT});\n")
  endforeach()
  configure_file(${R_TEMPLATE}.in ${CMAKE_CURRENT_BINARY_DIR}/${R_TEMPLATE} @ONLY)
  set(${out} ${sources} ${CMAKE_CURRENT_BINARY_DIR}/${R_TEMPLATE} PARENT_SCOPE)
endfunction()
