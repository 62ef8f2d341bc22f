# Finds ONNX Runtime's C API, and makes the target ONNXRuntimeC of it.
if(NOT TARGET ONNXRuntimeC)
  if(NOT ONNXRUNTIME_ROOT AND DEFINED ENV{ONNXRUNTIME_ROOT})
    set(ONNXRUNTIME_ROOT "$ENV{ONNXRUNTIME_ROOT}")
  endif()
  find_path(ONNXRUNTIME_INCLUDE onnxruntime_c_api.h HINTS "${ONNXRUNTIME_ROOT}/include" PATH_SUFFIXES onnxruntime)
  find_library(ONNXRUNTIME_LIBRARY onnxruntime HINTS "${ONNXRUNTIME_ROOT}/lib")
  if(NOT ONNXRUNTIME_INCLUDE OR NOT ONNXRUNTIME_LIBRARY)
    message(FATAL_ERROR "ONNX Runtime is not found: give -DONNXRUNTIME_ROOT=DIR, a folder with include/ and lib/")
  endif()
  add_library(ONNXRuntimeC UNKNOWN IMPORTED GLOBAL)
  set_target_properties(ONNXRuntimeC PROPERTIES IMPORTED_LOCATION "${ONNXRUNTIME_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${ONNXRUNTIME_INCLUDE}")
endif()
