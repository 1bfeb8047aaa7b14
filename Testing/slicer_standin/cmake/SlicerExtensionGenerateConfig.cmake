# include(${Slicer_EXTENSION_GENERATE_CONFIG}): lets other extensions find this one. Nothing depends on a Python extension's
# targets, so it is enough to write where its sources are.

set_property(GLOBAL PROPERTY SLICER_STANDIN_EXTENSION_GENERATE_CONFIG TRUE)
file(WRITE "${CMAKE_BINARY_DIR}/${EXTENSION_NAME}Config.cmake"
  "set(${EXTENSION_NAME}_SOURCE_DIR \"${CMAKE_SOURCE_DIR}\")\n")
