# What find_package(Slicer) finds when Slicer_DIR is this folder: a stand-in for Slicer's build tree, for tests.
# It packages Python extensions by Slicer's rules and is stricter where Slicer leaves a mistake for the reviewer to find.
#
# Python3_EXECUTABLE is the Python that has slicer-core and PySide6. With SLICER_SOURCE in the environment, Slicer's own
# CMake macros take the place of those in SlicerMacros.cmake.

set(Slicer_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")
set(Slicer_USE_PYTHONQT ON)
set(Slicer_USE_FILE "${Slicer_CMAKE_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${Slicer_CMAKE_DIR}/SlicerExtensionGenerateConfig.cmake")
set(Slicer_EXTENSION_CPACK "${Slicer_CMAKE_DIR}/SlicerExtensionCPack.cmake")

find_package(Python3 COMPONENTS Interpreter REQUIRED)
execute_process(
  COMMAND ${Python3_EXECUTABLE} -c "from importlib.metadata import version; print(version('slicer-core'))"
  OUTPUT_VARIABLE Slicer_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _result)
if(NOT _result EQUAL 0)
  message(FATAL_ERROR "${Python3_EXECUTABLE} has no slicer-core; set Python3_EXECUTABLE")
endif()
string(REPLACE "." ";" _version "${Slicer_VERSION}")
list(GET _version 0 Slicer_VERSION_MAJOR)
list(GET _version 1 Slicer_VERSION_MINOR)
list(GET _version 2 Slicer_REVISION)
set(Slicer_OS "${CMAKE_SYSTEM_NAME}")
set(Slicer_ARCHITECTURE "${CMAKE_SYSTEM_PROCESSOR}")
set(Slicer_MAIN_PROJECT_APPLICATION_NAME "Slicer")
set(Slicer_LAUNCHER_EXECUTABLE "${Python3_EXECUTABLE};${Slicer_CMAKE_DIR}/../launcher.py")

# The layout of Slicer's build, install and extension trees.
set(Slicer_INSTALL_ROOT "./")
set(Slicer_LIB_DIR "lib/Slicer-${Slicer_VERSION_MAJOR}.${Slicer_VERSION_MINOR}")
set(Slicer_SHARE_DIR "share/Slicer-${Slicer_VERSION_MAJOR}.${Slicer_VERSION_MINOR}")
foreach(_kind CLIMODULES QTLOADABLEMODULES QTSCRIPTEDMODULES)
  string(REGEX REPLACE "^(CLI|QTLOADABLE|QTSCRIPTED)MODULES$" "\\1" _name "${_kind}")
  string(TOLOWER "${_name}" _name)
  string(REGEX REPLACE "^qt" "qt-" _name "${_name}")
  set(Slicer_${_kind}_LIB_DIR "${Slicer_LIB_DIR}/${_name}-modules")
  set(Slicer_${_kind}_SHARE_DIR "${Slicer_SHARE_DIR}/${_name}-modules")
  set(Slicer_INSTALL_${_kind}_LIB_DIR "${Slicer_INSTALL_ROOT}${Slicer_${_kind}_LIB_DIR}")
  set(Slicer_INSTALL_${_kind}_SHARE_DIR "${Slicer_INSTALL_ROOT}${Slicer_${_kind}_SHARE_DIR}")
endforeach()
