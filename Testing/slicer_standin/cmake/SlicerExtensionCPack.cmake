# include(${Slicer_EXTENSION_CPACK}): the extension's description and package. Slicer accepts empty metadata and leaves it
# to the reviewers of the Extensions Index; here what they ask for is demanded.

set_property(GLOBAL PROPERTY SLICER_STANDIN_EXTENSION_CPACK TRUE)
if(NOT "${EXTENSION_NAME}" STREQUAL "${PROJECT_NAME}")
  message(FATAL_ERROR "EXTENSION_NAME [${EXTENSION_NAME}] differs from PROJECT_NAME [${PROJECT_NAME}]")
endif()
if("${EXTENSION_NAME}" MATCHES "^Slicer")
  message(FATAL_ERROR "The name of an extension must not begin with Slicer: ${EXTENSION_NAME}")
endif()
if(NOT EXISTS "${CMAKE_SOURCE_DIR}/${EXTENSION_NAME}.json")
  message(FATAL_ERROR "There is no catalogue entry ${EXTENSION_NAME}.json")
endif()
foreach(_name HOMEPAGE CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  if("${EXTENSION_${_name}}" STREQUAL "")
    message(FATAL_ERROR "EXTENSION_${_name} is not set")
  endif()
  list(LENGTH EXTENSION_${_name} _length)
  if(NOT _length EQUAL 1)
    message(FATAL_ERROR "EXTENSION_${_name} must be one quoted string")
  endif()
endforeach()
string(REPLACE " " ";" _pictures "${EXTENSION_ICONURL} ${EXTENSION_SCREENSHOTURLS}")
foreach(_url IN LISTS _pictures)
  if(NOT "${_url}" MATCHES "^https://.*\\.(png|jpg|jpeg|gif)$")
    message(FATAL_ERROR "Not the https address of a PNG, JPEG or GIF picture: ${_url}")
  endif()
endforeach()

set(_description "${CMAKE_BINARY_DIR}/${EXTENSION_NAME}.s4ext")
file(WRITE "${_description}" "depends     ${EXTENSION_DEPENDS}\nhomepage    ${EXTENSION_HOMEPAGE}\n"
  "contributors ${EXTENSION_CONTRIBUTORS}\ncategory    ${EXTENSION_CATEGORY}\niconurl     ${EXTENSION_ICONURL}\n"
  "description ${EXTENSION_DESCRIPTION}\nscreenshoturls ${EXTENSION_SCREENSHOTURLS}\nenabled 1\n")
install(FILES "${_description}" DESTINATION "${Slicer_INSTALL_ROOT}${Slicer_SHARE_DIR}" COMPONENT RuntimeLibraries)

set(CPACK_GENERATOR "TGZ")
set(CPACK_MONOLITHIC_INSTALL ON)
set(CPACK_PACKAGE_FILE_NAME "${Slicer_REVISION}-${Slicer_OS}-${Slicer_ARCHITECTURE}-${EXTENSION_NAME}")
include(CPack)
