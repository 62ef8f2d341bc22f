using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;

namespace Vowels
{
    /// <summary>A model that ONNX Runtime has loaded.</summary>
    internal sealed class Session : IDisposable
    {
        private readonly OnnxRuntime library = OnnxRuntime.Library;
        private readonly List<IntPtr> allocated = new List<IntPtr>();
        private readonly IntPtr[] inputNames;
        private readonly IntPtr[] outputNames;
        private IntPtr env;
        private IntPtr session;

        internal Session(byte[] content, Options chosen, Port[] inputs, Port[] outputs)
        {
            if (content.Length == 0)
            {
                throw new ModelException("the model is empty");
            }
            inputNames = inputs.Select(port => Allocate(port.Name)).ToArray();
            outputNames = outputs.Select(port => Allocate(port.Name)).ToArray();
            IntPtr options = IntPtr.Zero;
            try
            {
                library.Check(library.CreateEnv(4 /* fatal */, ZeroEnded("lstm-onnx"), out env));
                library.Check(library.CreateSessionOptions(out options));
                library.Check(library.SetIntraOpNumThreads(options, Math.Max(chosen.Threads, 1)));
                library.Check(library.SetSessionGraphOptimizationLevel(options, (int)chosen.Optimisation));
                if (!string.IsNullOrEmpty(chosen.Provider))
                {
                    library.RunOn(options, chosen.Provider);
                }
                library.Check(
                    library.CreateSessionFromArray(env, content, (UIntPtr)content.Length, options, out session));
                CheckPorts(inputs, false);
                CheckPorts(outputs, true);
            }
            catch (ModelException)
            {
                Dispose();
                throw;
            }
            finally
            {
                if (options != IntPtr.Zero)
                {
                    library.ReleaseSessionOptions(options);
                }
            }
        }

        /// <summary>Releases what ONNX Runtime holds; nothing happens the second time.</summary>
        public void Dispose()
        {
            if (session != IntPtr.Zero)
            {
                library.ReleaseSession(session);
            }
            if (env != IntPtr.Zero)
            {
                library.ReleaseEnv(env);
            }
            allocated.ForEach(Marshal.FreeHGlobal);
            allocated.Clear();
            session = IntPtr.Zero;
            env = IntPtr.Zero;
        }

        internal static byte[] Read(string path)
        {
            try
            {
                return File.ReadAllBytes(path);
            }
            catch (Exception error) when (error is IOException || error is UnauthorizedAccessException
                                          || error is ArgumentException || error is NotSupportedException)
            {
                throw new ModelException($"{path}: cannot be read");
            }
        }

        /// <summary>Holds the model to the inputs or outputs for which the code was made.</summary>
        private void CheckPorts(Port[] ports, bool output)
        {
            UIntPtr count;
            library.Check((output ? library.SessionGetOutputCount : library.SessionGetInputCount)(session, out count));
            foreach (Port port in ports)
            {
                if (!Enumerable.Range(0, (int)count).Any(place => Is(port, output, place)))
                {
                    throw port.Other(output ? "output" : "input");
                }
            }
            if (!output && (int)count != ports.Length)
            {
                throw new ModelException("there are more inputs: this program was made for another model");
            }
        }

        private bool Is(Port port, bool output, int place)
        {
            if (library.NameOf(session, output, place) != port.Name)
            {
                return false;
            }
            IntPtr type;
            library.Check((output ? library.SessionGetOutputTypeInfo : library.SessionGetInputTypeInfo)(
                session, (UIntPtr)place, out type));
            try
            {
                library.Check(library.CastTypeInfoToTensorInfo(type, out IntPtr info));
                if (info == IntPtr.Zero)
                {
                    return false;
                }
                int element = Describe(info, out long[] shape);
                return port.Fits(element, shape);
            }
            finally
            {
                library.ReleaseTypeInfo(type);
            }
        }

        /// <summary>The type and the sizes of a tensor, -1 where one is not known.</summary>
        private int Describe(IntPtr info, out long[] shape)
        {
            library.Check(library.GetTensorElementType(info, out int element));
            library.Check(library.GetDimensionsCount(info, out UIntPtr axes));
            shape = new long[(int)axes];
            library.Check(library.GetDimensions(info, shape, axes));
            return element;
        }

        /// <summary>Takes all inputs and gives all outputs, both in the graph's order.</summary>
        internal Tensor[] Run(params Tensor[] inputs)
        {
            if (session == IntPtr.Zero)
            {
                throw new ObjectDisposedException(nameof(Model));
            }
            var values = new IntPtr[inputs.Length];
            var results = new IntPtr[outputNames.Length];
            try
            {
                for (int k = 0; k < inputs.Length; k++)
                {
                    long[] shape = inputs[k].Shape;
                    library.Check(library.CreateTensorAsOrtValue(
                        library.Allocator, shape, (UIntPtr)shape.Length, inputs[k].Element, out values[k]));
                    Fill(values[k], inputs[k].Data);
                }
                library.Check(library.Run(session, IntPtr.Zero, inputNames, values, (UIntPtr)values.Length, outputNames,
                                          (UIntPtr)results.Length, results));
                return Array.ConvertAll(results, Copy);
            }
            finally
            {
                foreach (IntPtr value in values.Concat(results).Where(value => value != IntPtr.Zero))
                {
                    library.ReleaseValue(value);
                }
            }
        }

        /// <summary>Holds an output to what it must be: another type or shape shows that the model is another one.</summary>
        internal static Tensor<T> As<T>(Tensor output, Port port)
        {
            if (output is Tensor<T> tensor && port.Fits(tensor.Element, tensor.Shape))
            {
                return tensor;
            }
            throw port.Other("output");
        }

        private void Fill(IntPtr value, Array data)
        {
            if (data is string[] texts)
            {
                for (int i = 0; i < texts.Length; i++)
                {
                    byte[] text = Encoding.UTF8.GetBytes(texts[i]);
                    library.Check(library.GetResizedStringTensorElementBuffer(
                        value, (UIntPtr)i, (UIntPtr)text.Length, out IntPtr buffer));
                    Marshal.Copy(text, 0, buffer, text.Length);
                }
                return;
            }
            // by way of bytes, because Marshal has no copy of bool[] and ushort[]
            library.Check(library.GetTensorMutableData(value, out IntPtr room));
            var bytes = new byte[Buffer.ByteLength(data)];
            Buffer.BlockCopy(data, 0, bytes, 0, bytes.Length);
            Marshal.Copy(bytes, 0, room, bytes.Length);
        }

        private Tensor Copy(IntPtr output)
        {
            library.Check(library.GetTensorTypeAndShape(output, out IntPtr info));
            int element;
            long[] shape;
            try
            {
                element = Describe(info, out shape);
            }
            finally
            {
                library.ReleaseTensorTypeAndShapeInfo(info);
            }
            Tensor tensor = Tensor.Zeros(element, shape)
                ?? throw new ModelException("an output is of a type that is not known here: the model is another one");
            if (tensor.Data is string[] texts)
            {
                CopyTexts(output, texts);
                return tensor;
            }
            library.Check(library.GetTensorMutableData(output, out IntPtr values));
            var bytes = new byte[Buffer.ByteLength(tensor.Data)];
            Marshal.Copy(values, bytes, 0, bytes.Length);
            Buffer.BlockCopy(bytes, 0, tensor.Data, 0, bytes.Length);
            return tensor;
        }

        private void CopyTexts(IntPtr output, string[] texts)
        {
            library.Check(library.GetStringTensorDataLength(output, out UIntPtr size));
            var content = new byte[(int)size + 1]; // never empty, so that there is something to point to
            var offsets = new UIntPtr[texts.Length + 1];
            library.Check(library.GetStringTensorContent(output, content, size, offsets, (UIntPtr)texts.Length));
            offsets[texts.Length] = size;
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = Encoding.UTF8.GetString(content, (int)offsets[i], (int)offsets[i + 1] - (int)offsets[i]);
            }
        }

        private IntPtr Allocate(string name)
        {
            byte[] bytes = ZeroEnded(name);
            IntPtr copy = Marshal.AllocHGlobal(bytes.Length);
            allocated.Add(copy);
            Marshal.Copy(bytes, 0, copy, bytes.Length);
            return copy;
        }

        private static byte[] ZeroEnded(string text)
        {
            return Encoding.UTF8.GetBytes(text + "\0");
        }
    }
}
