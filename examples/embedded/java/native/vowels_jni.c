/* Joins vowels.Session and ONNX Runtime's C API: copies arrays in, runs the model, copies arrays out. */
#include <jni.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <onnxruntime_c_api.h>

#include "interface.h"

#define NATIVE(name) Java_vowels_Session_##name

enum { INPUTS = 2, OUTPUTS = 2, MOST_AXES = 8 };

static const char *const input_names[] = {"values", "lengths"};
static const char *const output_names[] = {"label", "probabilities"};

typedef struct {
    OrtEnv *env;
    OrtSession *session;
} loaded_model;

static const OrtApi *ort; /* set once, before any other function is called */

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    (void)vm;
    (void)reserved;
    ort = OrtGetApiBase()->GetApi(INTERFACE_API);
    return JNI_VERSION_1_8;
}

/* Throw the first line of a message; the JVM wants its own kind of UTF-8, so that only ASCII is safe. */
static void throw_line(JNIEnv *jni, const char *message)
{
    char line[512];
    size_t length = 0;
    for (; message[length] && message[length] != '\n' && length + 1 < sizeof line; length++)
        line[length] = message[length] >= ' ' && message[length] <= '~' ? message[length] : '?';
    line[length] = '\0';
    jclass exception = (*jni)->FindClass(jni, "vowels/ModelException");
    if (exception)
        (*jni)->ThrowNew(jni, exception, line);
}

static bool check(JNIEnv *jni, OrtStatus *status)
{
    if (!status)
        return true;
    throw_line(jni, ort->GetErrorMessage(status));
    ort->ReleaseStatus(status);
    return false;
}

static void release(loaded_model *model)
{
    if (model->session)
        ort->ReleaseSession(model->session);
    if (model->env)
        ort->ReleaseEnv(model->env);
    free(model);
}

JNIEXPORT jlong JNICALL NATIVE(open)(JNIEnv *jni, jclass type, jbyteArray content, jint threads, jint level,
                                     jstring provider)
{
    (void)type;
    if (!ort) {
        throw_line(jni, INTERFACE_TOO_OLD);
        return 0;
    }
    loaded_model *model = calloc(1, sizeof *model);
    jbyte *bytes = model ? (*jni)->GetByteArrayElements(jni, content, NULL) : NULL;
    if (!bytes) {
        free(model);
        throw_line(jni, "out of memory");
        return 0;
    }
    const char *name = (*jni)->GetStringUTFChars(jni, provider, NULL);
    bool open = name && check(jni, interface_open(ort, bytes, (size_t)(*jni)->GetArrayLength(jni, content), threads,
                                                  level, name, &model->env, &model->session));
    if (name)
        (*jni)->ReleaseStringUTFChars(jni, provider, name);
    (*jni)->ReleaseByteArrayElements(jni, content, bytes, JNI_ABORT); /* nothing was written into it */
    if (open)
        return (jlong)(intptr_t)model;
    release(model);
    return 0;
}

JNIEXPORT void JNICALL NATIVE(close)(JNIEnv *jni, jclass type, jlong handle)
{
    (void)jni;
    (void)type;
    release((loaded_model *)(intptr_t)handle);
}

/* Copy texts into a tensor; they come as UTF-8. */
static bool fill_texts(JNIEnv *jni, OrtValue *tensor, jobjectArray texts, jsize count)
{
    for (jsize i = 0; i < count; i++) {
        jbyteArray text = (*jni)->GetObjectArrayElement(jni, texts, i);
        jsize length = (*jni)->GetArrayLength(jni, text);
        char *room = NULL;
        if (!check(jni, ort->GetResizedStringTensorElementBuffer(tensor, (size_t)i, (size_t)length, &room)))
            return false;
        (*jni)->GetByteArrayRegion(jni, text, 0, length, (jbyte *)room);
        (*jni)->DeleteLocalRef(jni, text);
    }
    return true;
}

/* Copy an array into a tensor of the same type and number of values. */
static bool fill(JNIEnv *jni, OrtValue *tensor, jobject values, jsize count, int type)
{
    void *room = NULL;
    if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING)
        return fill_texts(jni, tensor, values, count);
    if (!check(jni, ort->GetTensorMutableData(tensor, &room)))
        return false;
    switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
        (*jni)->GetFloatArrayRegion(jni, values, 0, count, room);
        return true;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
        (*jni)->GetDoubleArrayRegion(jni, values, 0, count, room);
        return true;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
        (*jni)->GetShortArrayRegion(jni, values, 0, count, room);
        return true;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
        (*jni)->GetLongArrayRegion(jni, values, 0, count, room);
        return true;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
        (*jni)->GetIntArrayRegion(jni, values, 0, count, room);
        return true;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
        (*jni)->GetByteArrayRegion(jni, values, 0, count, room);
        return true;
    default:
        (*jni)->GetBooleanArrayRegion(jni, values, 0, count, room);
        return true;
    }
}

static OrtValue *tensor_of(JNIEnv *jni, jobject values, jlongArray shape, int type)
{
    int64_t sizes[MOST_AXES], product = 1;
    OrtAllocator *allocator = NULL;
    OrtValue *tensor = NULL;
    jsize rank = (*jni)->GetArrayLength(jni, shape), count = (*jni)->GetArrayLength(jni, values);
    if (rank > MOST_AXES) {
        throw_line(jni, "a tensor has too many axes");
        return NULL;
    }
    (*jni)->GetLongArrayRegion(jni, shape, 0, rank, (jlong *)sizes);
    if (!check(jni, ort->GetAllocatorWithDefaultOptions(&allocator))
        || !check(jni, ort->CreateTensorAsOrtValue(allocator, sizes, (size_t)rank, (ONNXTensorElementDataType)type,
                                                   &tensor)))
        return NULL;
    for (jsize k = 0; k < rank; k++)
        product *= sizes[k];
    if (product != count) /* a shape is an array, which somebody may have changed */
        throw_line(jni, "a tensor's values do not fill its shape");
    else if (fill(jni, tensor, values, count, type))
        return tensor;
    ort->ReleaseValue(tensor);
    return NULL;
}

/* Copy the texts of an output, as UTF-8. */
static jobject texts_of(JNIEnv *jni, const OrtValue *output, jsize count)
{
    size_t bytes = 0, *offsets = malloc(((size_t)count + 1) * sizeof *offsets);
    char *content = NULL;
    jobjectArray texts = (*jni)->NewObjectArray(jni, count, (*jni)->FindClass(jni, "[B"), NULL);
    bool good = texts && offsets && check(jni, ort->GetStringTensorDataLength(output, &bytes))
        && (content = malloc(bytes + 1))
        && check(jni, ort->GetStringTensorContent(output, content, bytes, offsets, (size_t)count));
    if (good)
        offsets[count] = bytes;
    for (jsize i = 0; good && i < count; i++) {
        jsize length = (jsize)(offsets[i + 1] - offsets[i]);
        jbyteArray text = (*jni)->NewByteArray(jni, length);
        good = text != NULL;
        if (good) {
            (*jni)->SetByteArrayRegion(jni, text, 0, length, (const jbyte *)(content + offsets[i]));
            (*jni)->SetObjectArrayElement(jni, texts, i, text);
            (*jni)->DeleteLocalRef(jni, text);
        }
    }
    free(content);
    free(offsets);
    return good ? texts : NULL;
}

/* Make an array of an output's type, and copy its values there; NULL where there is an exception. */
static jobject array_of(JNIEnv *jni, OrtValue *output, jsize count, ONNXTensorElementDataType type)
{
    void *values = NULL;
    jobject array = NULL;
    if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING)
        return texts_of(jni, output, count);
    if (!check(jni, ort->GetTensorMutableData(output, &values)))
        return NULL;
    switch ((int)type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
        if ((array = (*jni)->NewFloatArray(jni, count)))
            (*jni)->SetFloatArrayRegion(jni, array, 0, count, values);
        return array;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
        if ((array = (*jni)->NewDoubleArray(jni, count)))
            (*jni)->SetDoubleArrayRegion(jni, array, 0, count, values);
        return array;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
        if ((array = (*jni)->NewShortArray(jni, count)))
            (*jni)->SetShortArrayRegion(jni, array, 0, count, values);
        return array;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
        if ((array = (*jni)->NewLongArray(jni, count)))
            (*jni)->SetLongArrayRegion(jni, array, 0, count, values);
        return array;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
        if ((array = (*jni)->NewIntArray(jni, count)))
            (*jni)->SetIntArrayRegion(jni, array, 0, count, values);
        return array;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
        if ((array = (*jni)->NewByteArray(jni, count)))
            (*jni)->SetByteArrayRegion(jni, array, 0, count, values);
        return array;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
        if ((array = (*jni)->NewBooleanArray(jni, count)))
            (*jni)->SetBooleanArrayRegion(jni, array, 0, count, values);
        return array;
    default:
        throw_line(jni, "an output is of a type that is not known here: the model is another one");
        return NULL;
    }
}

/* Put an output's values and its shape into the results. */
static bool hand_out(JNIEnv *jni, OrtValue *output, jobjectArray results, jsize place)
{
    OrtTensorTypeAndShapeInfo *info = NULL;
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    int64_t sizes[MOST_AXES];
    size_t rank = 0, count = 0;
    if (!check(jni, ort->GetTensorTypeAndShape(output, &info)))
        return false;
    bool good = check(jni, ort->GetTensorElementType(info, &type)) && check(jni, ort->GetDimensionsCount(info, &rank))
        && check(jni, ort->GetTensorShapeElementCount(info, &count));
    if (good && (rank > MOST_AXES || count > INT32_MAX)) {
        throw_line(jni, "an output is too large");
        good = false;
    }
    good = good && check(jni, ort->GetDimensions(info, sizes, rank));
    ort->ReleaseTensorTypeAndShapeInfo(info);
    if (good && !interface_fits(&interface_outputs[place / 2], (int)type, rank, sizes))
        good = check(jni, interface_other(ort, "output", interface_outputs[place / 2].name));
    jobject values = good ? array_of(jni, output, (jsize)count, type) : NULL;
    jlongArray shape = values ? (*jni)->NewLongArray(jni, (jsize)rank) : NULL;
    if (!shape)
        return false;
    (*jni)->SetLongArrayRegion(jni, shape, 0, (jsize)rank, (const jlong *)sizes);
    (*jni)->SetObjectArrayElement(jni, results, place, values);
    (*jni)->SetObjectArrayElement(jni, results, place + 1, shape);
    (*jni)->DeleteLocalRef(jni, values);
    (*jni)->DeleteLocalRef(jni, shape);
    return true;
}

JNIEXPORT void JNICALL NATIVE(run)(JNIEnv *jni, jclass type, jlong handle, jobjectArray values, jobjectArray shapes,
                                   jintArray types, jobjectArray results)
{
    (void)type;
    loaded_model *model = (loaded_model *)(intptr_t)handle;
    OrtValue *inputs[INPUTS] = {NULL}, *outputs[OUTPUTS] = {NULL};
    jint elements[INPUTS];
    bool good = true;
    (*jni)->GetIntArrayRegion(jni, types, 0, INPUTS, elements);
    for (jsize k = 0; good && k < INPUTS; k++) {
        jobject array = (*jni)->GetObjectArrayElement(jni, values, k);
        jlongArray shape = (*jni)->GetObjectArrayElement(jni, shapes, k);
        inputs[k] = tensor_of(jni, array, shape, elements[k]);
        good = inputs[k] != NULL;
        (*jni)->DeleteLocalRef(jni, array); /* a call has room for 16 of them */
        (*jni)->DeleteLocalRef(jni, shape);
    }
    good = good && check(jni, ort->Run(model->session, NULL, input_names, (const OrtValue *const *)inputs, INPUTS,
                                       output_names, OUTPUTS, outputs));
    for (jsize k = 0; good && k < OUTPUTS; k++)
        good = hand_out(jni, outputs[k], results, 2 * k);
    if (!good && !(*jni)->ExceptionCheck(jni))
        throw_line(jni, "out of memory");
    for (int k = 0; k < INPUTS; k++)
        if (inputs[k])
            ort->ReleaseValue(inputs[k]);
    for (int k = 0; k < OUTPUTS; k++)
        if (outputs[k])
            ort->ReleaseValue(outputs[k]);
}
