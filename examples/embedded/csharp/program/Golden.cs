using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Vowels
{
    /// <summary>
    /// Golden examples: inputs, and the outputs that every runtime must give for them.
    ///
    /// golden.bin is little-endian throughout; a text is a u32 and that many bytes of UTF-8:
    ///
    /// "LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
    /// u32 role (0 input, 1 output), text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values
    /// (strings as texts)
    /// </summary>
    internal sealed class Golden
    {
        private readonly double rtol;
        private readonly double atol;

        internal sealed class Stored
        {
            internal bool IsOutput;
            internal string Name;
            internal int Element;
            internal long[] Shape;
            internal byte[] Content;
        }

        private Golden(BinaryReader reader)
        {
            if (Encoding.ASCII.GetString(Take(reader, 8)) != "LSTMGOLD" || reader.ReadUInt32() != 1)
            {
                throw new EndOfStreamException();
            }
            rtol = reader.ReadDouble();
            atol = reader.ReadDouble();
            for (uint examples = reader.ReadUInt32(); examples > 0; examples--)
            {
                var tensors = new List<Stored>();
                for (uint left = reader.ReadUInt32(); left > 0; left--)
                {
                    tensors.Add(ReadTensor(reader));
                }
                Examples.Add(tensors);
            }
            if (Examples.Count == 0)
            {
                throw new EndOfStreamException();
            }
        }

        /// <summary>The tensors of each example.</summary>
        internal List<List<Stored>> Examples { get; } = new List<List<Stored>>();

        internal static Golden Read(string path)
        {
            byte[] content;
            try
            {
                content = File.ReadAllBytes(path);
            }
            catch (Exception error) when (error is IOException || error is UnauthorizedAccessException
                                          || error is ArgumentException || error is NotSupportedException)
            {
                throw new ModelException($"{path}: cannot be read");
            }
            try
            {
                return new Golden(new BinaryReader(new MemoryStream(content)));
            }
            catch (EndOfStreamException)
            {
                throw new ModelException($"{path}: is no file of golden examples, or a part of one");
            }
        }

        private static Stored ReadTensor(BinaryReader reader)
        {
            return new Stored
            {
                IsOutput = reader.ReadUInt32() == 1,
                Name = ReadText(reader),
                Element = reader.ReadInt32(),
                Shape = ReadShape(reader),
                Content = Take(reader, reader.ReadUInt32())
            };
        }

        private static long[] ReadShape(BinaryReader reader)
        {
            var shape = new List<long>();
            for (uint axes = reader.ReadUInt32(); axes > 0; axes--)
            {
                shape.Add(reader.ReadUInt32());
            }
            return shape.ToArray();
        }

        private static string ReadText(BinaryReader reader)
        {
            return Encoding.UTF8.GetString(Take(reader, reader.ReadUInt32()));
        }

        private static byte[] Take(BinaryReader reader, uint count)
        {
            if (count > reader.BaseStream.Length - reader.BaseStream.Position)
            {
                throw new EndOfStreamException();
            }
            return reader.ReadBytes((int)count);
        }

        /// <summary>Gives the input of that name, type and number of axes.</summary>
        internal static Tensor<T> Input<T>(List<Stored> example, string name, int axes)
        {
            return (Tensor<T>)Find(example, false, name, axes, tensor => tensor is Tensor<T>);
        }

        private static Tensor Find(List<Stored> example, bool output, string name, int axes, Func<Tensor, bool> fits)
        {
            Stored stored = example.Find(tensor => tensor.IsOutput == output && tensor.Name == name)
                ?? throw new ModelException($"the golden examples have no {name}");
            Tensor found = Decode(stored);
            return fits(found) && stored.Shape.Length == axes
                ? found
                : throw new ModelException($"the golden {name} is of another type or shape than the model's");
        }

        private static Tensor Decode(Stored stored)
        {
            var whole = new ModelException($"the golden {stored.Name} is not whole");
            if (!stored.Shape.Contains(0) && stored.Shape.Any(size => size > stored.Content.Length)) // each value takes a byte
            {
                throw whole;
            }
            try
            {
                Tensor tensor = Tensor.Zeros(stored.Element, stored.Shape) ?? throw whole;
                if (tensor.Data is string[] texts)
                {
                    var reader = new BinaryReader(new MemoryStream(stored.Content));
                    for (int i = 0; i < texts.Length; i++)
                    {
                        texts[i] = ReadText(reader);
                    }
                }
                else if (Buffer.ByteLength(tensor.Data) == stored.Content.Length)
                {
                    Buffer.BlockCopy(stored.Content, 0, tensor.Data, 0, stored.Content.Length);
                }
                else
                {
                    throw whole;
                }
                return tensor;
            }
            catch (Exception error) when (error is ArgumentException || error is EndOfStreamException)
            {
                throw whole;
            }
        }

        /// <summary>Compares an output with the golden one, and gives the largest difference.</summary>
        /// <exception cref="ModelException">They do not agree.</exception>
        internal double Compare(List<Stored> example, string name, Tensor got)
        {
            Tensor wanted = Find(example, true, name, got.Shape.Length, tensor => tensor.Element == got.Element);
            if (!got.Shape.SequenceEqual(wanted.Shape))
            {
                string found = string.Join(" x ", got.Shape);
                throw new ModelException($"{name} is of shape {found} instead of {string.Join(" x ", wanted.Shape)}");
            }
            int count = wanted.Data.Length;
            int rows = wanted.Shape.Length == 0 || count == 0 ? 1 : (int)wanted.Shape[0];
            double largest = 0;
            for (int row = 0; row < rows; row++)
            {
                largest = Math.Max(largest, Compare(name, got.Data, wanted.Data, row * (count / rows), count / rows));
            }
            return largest;
        }

        private double Compare(string name, Array got, Array wanted, int start, int count)
        {
            double scale = Enumerable.Range(start, count)
                .Select(i => Math.Abs(Number(wanted.GetValue(i))))
                .Where(size => !double.IsNaN(size) && !double.IsInfinity(size))
                .DefaultIfEmpty(0)
                .Max();
            double largest = 0;
            for (int i = start; i < start + count; i++)
            {
                object a = got.GetValue(i);
                object b = wanted.GetValue(i);
                if (a.Equals(b)) // two NaN are equal, too
                {
                    continue;
                }
                double difference = Math.Abs(Number(a) - Number(b));
                if (!(difference <= atol + rtol * scale))
                {
                    throw new ModelException(FormattableString.Invariant($"{name}[{i}] is {a} instead of {b}"));
                }
                largest = Math.Max(largest, difference);
            }
            return largest;
        }

        /// <summary>Gives a value that is compared within the tolerance; NaN where it must be equal.</summary>
        private static double Number(object value)
        {
            return value is float single ? single
                : value is double number ? number
                : value is ushort bits ? Half.ValueOf(bits)
                : double.NaN;
        }
    }
}
