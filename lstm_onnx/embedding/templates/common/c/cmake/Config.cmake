@PACKAGE_INIT@
# find_package({{ project.id }}) gives the target {{ project.id }}::{{ project.id }}{{ ", and the file of the model" if target.has_files }}.
{% if target.has_files %}
include(${CMAKE_CURRENT_LIST_DIR}/FindONNXRuntimeC.cmake)
{% endif %}
include(${CMAKE_CURRENT_LIST_DIR}/{{ project.id }}Targets.cmake)
{% if target.has_files %}
set({{ project.id }}_MODEL "@PACKAGE_CMAKE_INSTALL_DATADIR@/{{ project.id }}/model.onnx")
{% endif %}
check_required_components({{ project.id }})
