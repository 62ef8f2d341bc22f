@PACKAGE_INIT@
# find_package({{ project.id }}) gives the target {{ project.id }}::{{ project.id }}, and the file of the model.
include(${CMAKE_CURRENT_LIST_DIR}/FindONNXRuntimeC.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/{{ project.id }}Targets.cmake)
set({{ project.id }}_MODEL "@PACKAGE_CMAKE_INSTALL_DATADIR@/{{ project.id }}/model.onnx")
check_required_components({{ project.id }})
