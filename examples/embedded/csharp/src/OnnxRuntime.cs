using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Vowels
{
    /// <summary>
    /// ONNX Runtime's C API, as far as it is needed: OrtApi of onnxruntime_c_api.h, ORT_API_VERSION 15. It is a table
    /// of functions that only ever grows at its end, so that the places hold for every newer version too.
    /// </summary>
    internal sealed class OnnxRuntime
    {
        private const uint Version = 15;

        private enum Place
        {
            GetErrorMessage = 2,
            CreateEnv = 3,
            CreateSessionFromArray = 8,
            Run = 9,
            CreateSessionOptions = 10,
            SetSessionGraphOptimizationLevel = 23,
            SetIntraOpNumThreads = 24,
            SessionGetInputCount = 30,
            SessionGetOutputCount = 31,
            SessionGetInputTypeInfo = 33,
            SessionGetOutputTypeInfo = 34,
            SessionGetInputName = 36,
            SessionGetOutputName = 37,
            CreateTensorAsOrtValue = 48,
            GetTensorMutableData = 51,
            GetStringTensorDataLength = 53,
            GetStringTensorContent = 54,
            CastTypeInfoToTensorInfo = 55,
            GetTensorElementType = 60,
            GetDimensionsCount = 61,
            GetDimensions = 62,
            GetTensorTypeAndShape = 65,
            AllocatorFree = 76,
            GetAllocatorWithDefaultOptions = 78,
            ReleaseEnv = 92,
            ReleaseStatus = 93,
            ReleaseSession = 95,
            ReleaseValue = 96,
            ReleaseTypeInfo = 98,
            ReleaseTensorTypeAndShapeInfo = 99,
            ReleaseSessionOptions = 100,
            SessionOptionsAppendExecutionProvider_CUDA_V2 = 204,
            CreateCUDAProviderOptions = 205,
            UpdateCUDAProviderOptions = 206,
            ReleaseCUDAProviderOptions = 208,
            SessionOptionsAppendExecutionProvider = 216,
            GetResizedStringTensorElementBuffer = 252
        }

        // All of these are ORT_API_CALL: stdcall on Windows, which is what delegates are by default there. What gives
        // an IntPtr gives a status: zero, or one that Check turns into an exception and releases.

        internal delegate IntPtr CreateEnvFunction(int level, byte[] name, out IntPtr env);

        internal delegate IntPtr CreateSessionFunction(
            IntPtr env, byte[] model, UIntPtr size, IntPtr options, out IntPtr session);

        internal delegate IntPtr RunFunction(
            IntPtr session, IntPtr options, IntPtr[] inputNames, IntPtr[] inputs, UIntPtr inputCount,
            IntPtr[] outputNames, UIntPtr outputCount, [In, Out] IntPtr[] outputs);

        internal delegate IntPtr SetNumberFunction(IntPtr options, int number);

        internal delegate IntPtr SetPointerFunction(IntPtr options, IntPtr what);

        internal delegate IntPtr AppendProviderFunction(
            IntPtr options, byte[] name, IntPtr keys, IntPtr values, UIntPtr count);

        internal delegate IntPtr UpdateFunction(IntPtr options, IntPtr[] names, IntPtr[] values, UIntPtr count);

        internal delegate IntPtr CreateTensorFunction(
            IntPtr allocator, long[] shape, UIntPtr axes, int element, out IntPtr value);

        internal delegate IntPtr GetSizedBufferFunction(IntPtr value, UIntPtr index, UIntPtr size, out IntPtr buffer);

        internal delegate IntPtr GetTextsFunction(
            IntPtr value, [In, Out] byte[] content, UIntPtr size, [In, Out] UIntPtr[] offsets, UIntPtr count);

        internal delegate IntPtr GetDimensionsFunction(IntPtr info, [In, Out] long[] shape, UIntPtr axes);

        internal delegate IntPtr GetPointerFunction(IntPtr from, out IntPtr pointer);

        internal delegate IntPtr GetAtFunction(IntPtr from, UIntPtr index, out IntPtr found);

        internal delegate IntPtr GetNameFunction(IntPtr session, UIntPtr index, IntPtr allocator, out IntPtr name);

        internal delegate IntPtr FreeFunction(IntPtr allocator, IntPtr what);

        internal delegate IntPtr GetSizeFunction(IntPtr from, out UIntPtr size);

        internal delegate IntPtr GetNumberFunction(IntPtr from, out int number);

        internal delegate IntPtr CreateFunction(out IntPtr made);

        internal delegate void ReleaseFunction(IntPtr what);

        private delegate IntPtr GetTextFunction(IntPtr status);

        private delegate IntPtr GetApiFunction(uint version);

        internal readonly CreateEnvFunction CreateEnv;
        internal readonly CreateSessionFunction CreateSessionFromArray;
        internal readonly RunFunction Run;
        internal readonly CreateFunction CreateSessionOptions;
        internal readonly SetNumberFunction SetIntraOpNumThreads;
        internal readonly SetNumberFunction SetSessionGraphOptimizationLevel;
        internal readonly CreateTensorFunction CreateTensorAsOrtValue;
        internal readonly GetPointerFunction GetTensorMutableData;
        internal readonly GetSizedBufferFunction GetResizedStringTensorElementBuffer;
        internal readonly GetSizeFunction GetStringTensorDataLength;
        internal readonly GetTextsFunction GetStringTensorContent;
        internal readonly GetSizeFunction SessionGetInputCount;
        internal readonly GetSizeFunction SessionGetOutputCount;
        internal readonly GetAtFunction SessionGetInputTypeInfo;
        internal readonly GetAtFunction SessionGetOutputTypeInfo;
        internal readonly GetPointerFunction CastTypeInfoToTensorInfo;
        internal readonly GetPointerFunction GetTensorTypeAndShape;
        internal readonly GetNumberFunction GetTensorElementType;
        internal readonly GetSizeFunction GetDimensionsCount;
        internal readonly GetDimensionsFunction GetDimensions;
        internal readonly ReleaseFunction ReleaseEnv;
        internal readonly ReleaseFunction ReleaseSession;
        internal readonly ReleaseFunction ReleaseSessionOptions;
        internal readonly ReleaseFunction ReleaseTensorTypeAndShapeInfo;
        internal readonly ReleaseFunction ReleaseTypeInfo;
        internal readonly ReleaseFunction ReleaseValue;

        /// <summary>The allocator of the C API; it is never released.</summary>
        internal readonly IntPtr Allocator;

        private readonly CreateFunction createCuda;
        private readonly UpdateFunction updateCuda;
        private readonly SetPointerFunction appendCuda;
        private readonly ReleaseFunction releaseCuda;
        private readonly AppendProviderFunction appendProvider;
        private readonly GetTextFunction getErrorMessage;
        private readonly ReleaseFunction releaseStatus;
        private readonly GetNameFunction getInputName;
        private readonly GetNameFunction getOutputName;
        private readonly FreeFunction free;

        private static readonly Lazy<OnnxRuntime> Loaded = new Lazy<OnnxRuntime>(Load);

        [DllImport("onnxruntime")]
        private static extern IntPtr OrtGetApiBase();

        private OnnxRuntime(IntPtr api)
        {
            getErrorMessage = At<GetTextFunction>(api, Place.GetErrorMessage);
            releaseStatus = At<ReleaseFunction>(api, Place.ReleaseStatus);
            CreateEnv = At<CreateEnvFunction>(api, Place.CreateEnv);
            CreateSessionFromArray = At<CreateSessionFunction>(api, Place.CreateSessionFromArray);
            Run = At<RunFunction>(api, Place.Run);
            CreateSessionOptions = At<CreateFunction>(api, Place.CreateSessionOptions);
            SetIntraOpNumThreads = At<SetNumberFunction>(api, Place.SetIntraOpNumThreads);
            SetSessionGraphOptimizationLevel = At<SetNumberFunction>(api, Place.SetSessionGraphOptimizationLevel);
            createCuda = At<CreateFunction>(api, Place.CreateCUDAProviderOptions);
            updateCuda = At<UpdateFunction>(api, Place.UpdateCUDAProviderOptions);
            appendCuda = At<SetPointerFunction>(api, Place.SessionOptionsAppendExecutionProvider_CUDA_V2);
            releaseCuda = At<ReleaseFunction>(api, Place.ReleaseCUDAProviderOptions);
            appendProvider = At<AppendProviderFunction>(api, Place.SessionOptionsAppendExecutionProvider);
            CreateTensorAsOrtValue = At<CreateTensorFunction>(api, Place.CreateTensorAsOrtValue);
            GetTensorMutableData = At<GetPointerFunction>(api, Place.GetTensorMutableData);
            GetResizedStringTensorElementBuffer =
                At<GetSizedBufferFunction>(api, Place.GetResizedStringTensorElementBuffer);
            GetStringTensorDataLength = At<GetSizeFunction>(api, Place.GetStringTensorDataLength);
            GetStringTensorContent = At<GetTextsFunction>(api, Place.GetStringTensorContent);
            GetTensorTypeAndShape = At<GetPointerFunction>(api, Place.GetTensorTypeAndShape);
            GetTensorElementType = At<GetNumberFunction>(api, Place.GetTensorElementType);
            GetDimensionsCount = At<GetSizeFunction>(api, Place.GetDimensionsCount);
            GetDimensions = At<GetDimensionsFunction>(api, Place.GetDimensions);
            ReleaseEnv = At<ReleaseFunction>(api, Place.ReleaseEnv);
            ReleaseSession = At<ReleaseFunction>(api, Place.ReleaseSession);
            ReleaseSessionOptions = At<ReleaseFunction>(api, Place.ReleaseSessionOptions);
            ReleaseTensorTypeAndShapeInfo = At<ReleaseFunction>(api, Place.ReleaseTensorTypeAndShapeInfo);
            ReleaseTypeInfo = At<ReleaseFunction>(api, Place.ReleaseTypeInfo);
            ReleaseValue = At<ReleaseFunction>(api, Place.ReleaseValue);
            SessionGetInputCount = At<GetSizeFunction>(api, Place.SessionGetInputCount);
            SessionGetOutputCount = At<GetSizeFunction>(api, Place.SessionGetOutputCount);
            SessionGetInputTypeInfo = At<GetAtFunction>(api, Place.SessionGetInputTypeInfo);
            SessionGetOutputTypeInfo = At<GetAtFunction>(api, Place.SessionGetOutputTypeInfo);
            CastTypeInfoToTensorInfo = At<GetPointerFunction>(api, Place.CastTypeInfoToTensorInfo);
            getInputName = At<GetNameFunction>(api, Place.SessionGetInputName);
            getOutputName = At<GetNameFunction>(api, Place.SessionGetOutputName);
            free = At<FreeFunction>(api, Place.AllocatorFree);
            Check(At<CreateFunction>(api, Place.GetAllocatorWithDefaultOptions)(out Allocator));
        }

        /// <summary>The library, which is loaded once.</summary>
        internal static OnnxRuntime Library => Loaded.Value;

        private static T At<T>(IntPtr api, Place place)
        {
            return Marshal.GetDelegateForFunctionPointer<T>(Marshal.ReadIntPtr(api, (int)place * IntPtr.Size));
        }

        private static OnnxRuntime Load()
        {
            IntPtr found;
            try
            {
                found = OrtGetApiBase();
            }
            catch (Exception error) when (error is DllNotFoundException || error is EntryPointNotFoundException
                                          || error is BadImageFormatException)
            {
                throw new ModelException("the library onnxruntime is not found: put it beside the program");
            }
            // OrtApiBase begins with GetApi
            var getApi = Marshal.GetDelegateForFunctionPointer<GetApiFunction>(Marshal.ReadIntPtr(found));
            IntPtr api = getApi(Version);
            if (api == IntPtr.Zero)
            {
                throw new ModelException("this ONNX Runtime is too old: version 1.15 or newer is needed");
            }
            return new OnnxRuntime(api);
        }

        /// <summary>Turns a status into an exception of one line.</summary>
        internal void Check(IntPtr status)
        {
            if (status == IntPtr.Zero)
            {
                return;
            }
            string message = Text(getErrorMessage(status));
            releaseStatus(status);
            throw new ModelException(message.Split('\n')[0].TrimEnd('\r'));
        }

        /// <summary>Adds what a session is to run on beside the CPU.</summary>
        internal void RunOn(IntPtr options, string provider)
        {
            if (provider != "CUDA")
            {
                byte[] name = Encoding.UTF8.GetBytes(provider + "\0");
                Check(appendProvider(options, name, IntPtr.Zero, IntPtr.Zero, UIntPtr.Zero));
                return;
            }
            Check(createCuda(out IntPtr cuda));
            IntPtr key = Marshal.StringToHGlobalAnsi("use_tf32"), off = Marshal.StringToHGlobalAnsi("0");
            try
            {
                // TF32 is on unless one says so, and the answers then agree to 3 digits
                Check(updateCuda(cuda, new[] { key }, new[] { off }, (UIntPtr)1));
                Check(appendCuda(options, cuda));
            }
            finally
            {
                Marshal.FreeHGlobal(key);
                Marshal.FreeHGlobal(off);
                releaseCuda(cuda);
            }
        }

        /// <summary>The name of an input or output of a session.</summary>
        internal string NameOf(IntPtr session, bool output, int place)
        {
            Check((output ? getOutputName : getInputName)(session, (UIntPtr)place, Allocator, out IntPtr name));
            string text = Text(name);
            Check(free(Allocator, name));
            return text;
        }

        /// <summary>Copies a text that ends with a zero.</summary>
        private static string Text(IntPtr pointer)
        {
            int length = 0;
            while (Marshal.ReadByte(pointer, length) != 0)
            {
                length++;
            }
            var bytes = new byte[length];
            Marshal.Copy(pointer, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }
    }
}
