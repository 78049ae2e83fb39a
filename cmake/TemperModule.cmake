add_library(temper_options INTERFACE)
target_compile_options(temper_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion
  $<$<BOOL:${TEMPER_WERROR}>:-Werror>)
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
  target_link_libraries(temper_${M_NAME} PUBLIC ${M_DEPENDS} ${M_LIBS} PRIVATE temper_options ${M_PRIVATE_LIBS})
endfunction()
