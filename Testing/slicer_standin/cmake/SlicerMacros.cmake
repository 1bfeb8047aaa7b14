# The macros that a scripted module's CMakeLists.txt calls.

# slicerMacroBuildScriptedModule(NAME name SCRIPTS ... [RESOURCES ...] [WITH_GENERIC_TESTS] [WITH_SUBDIR] [VERBOSE])
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS;WITH_SUBDIR;VERBOSE" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MY_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "Unknown keywords given to slicerMacroBuildScriptedModule(): \"${MY_UNPARSED_ARGUMENTS}\"")
  endif()
  if(NOT DEFINED MY_NAME)
    message(FATAL_ERROR "slicerMacroBuildScriptedModule: NAME is mandatory")
  endif()
  foreach(kind SCRIPTS RESOURCES)
    foreach(file IN LISTS MY_${kind})
      if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}" AND NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}.py")
        message(FATAL_ERROR "slicerMacroBuildScriptedModule(${kind}) given nonexistent file or directory '${file}'")
      endif()
    endforeach()
  endforeach()
  set(subdir "")
  set(no_install_subdir NO_INSTALL_SUBDIR)
  if(MY_WITH_SUBDIR)
    get_filename_component(subdir "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    set(subdir "/${subdir}")
    set(no_install_subdir "")
  endif()
  ctkMacroCompilePythonScript(
    TARGET_NAME ${MY_NAME}
    SCRIPTS "${MY_SCRIPTS}"
    RESOURCES "${MY_RESOURCES}"
    DESTINATION_DIR "${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}${subdir}"
    INSTALL_DIR "${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}"
    ${no_install_subdir})
  if(BUILD_TESTING AND MY_WITH_GENERIC_TESTS)
    set(MODULENAME "${MY_NAME}")
    string(TOLOWER "${MY_NAME}" MODULENAME_LC)
    set(script "qSlicer${MY_NAME}ModuleGenericTest.py")
    configure_file("${Slicer_CMAKE_DIR}/qSlicerModuleGenericTest.py.in" "${CMAKE_CURRENT_BINARY_DIR}/${script}" @ONLY)
    slicer_add_python_unittest(SCRIPT ${script} TESTNAME_PREFIX nomainwindow_ SLICER_ARGS --no-main-window)
  endif()
endfunction()

# slicer_add_python_unittest(SCRIPT file [TESTNAME_PREFIX prefix] [SLICER_ARGS ...]): a unittest module
function(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS" ${ARGN})
  get_filename_component(name "${MY_SCRIPT}" NAME_WE)
  get_filename_component(folder "${MY_SCRIPT}" DIRECTORY)
  if("${folder}" STREQUAL "")
    set(folder "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  set(run "slicer.testing.runUnitTest(['${CMAKE_CURRENT_BINARY_DIR}', '${folder}'], '${name}')")
  _slicer_standin_add_test("py_${MY_TESTNAME_PREFIX}${name}" ${MY_SLICER_ARGS}
    --python-code "import slicer.testing\\; ${run}")
endfunction()

# slicer_add_python_test(SCRIPT file [TESTNAME_PREFIX prefix] [SLICER_ARGS ...] [SCRIPT_ARGS ...]): a script
function(slicer_add_python_test)
  cmake_parse_arguments(MY "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS;SCRIPT_ARGS" ${ARGN})
  get_filename_component(name "${MY_SCRIPT}" NAME_WE)
  get_filename_component(script "${MY_SCRIPT}" ABSOLUTE)
  _slicer_standin_add_test("py_${MY_TESTNAME_PREFIX}${name}" ${MY_SLICER_ARGS} --python-script ${script} ${MY_SCRIPT_ARGS})
endfunction()

function(_slicer_standin_add_test name)
  add_test(NAME ${name} COMMAND ${Slicer_LAUNCHER_EXECUTABLE} --no-splash --testing
    --additional-module-paths "${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}" ${ARGN})
  set_property(TEST ${name} PROPERTY RUN_SERIAL TRUE)
endfunction()
