using System;

namespace Vowels
{
    /// <summary>Values in row-major order, and how many there are along each axis, outermost first.</summary>
    public abstract class Tensor
    {
        private static readonly Type[] Types =
        {
            null, typeof(float), typeof(byte), null, null, null, typeof(int), typeof(long), typeof(string),
            typeof(bool), typeof(ushort), typeof(double)
        };

        private readonly long[] shape;

        /// <summary>Checks that the values fill the shape.</summary>
        internal Tensor(Array values, long[] shape)
        {
            Element = Array.IndexOf(Types, values.GetType().GetElementType());
            if (Element < 0)
            {
                throw new ArgumentException("there are no tensors of this type");
            }
            if (CountOf(shape) != values.Length)
            {
                throw new ArgumentException("the values do not fill the shape");
            }
            this.shape = (long[])shape.Clone();
        }

        /// <summary>How many values there are along each axis; a copy.</summary>
        public long[] Shape => (long[])shape.Clone();

        /// <summary>ONNX's number of the type of its values, which is ONNX Runtime's too.</summary>
        internal int Element { get; }

        /// <summary>The values, whatever their type.</summary>
        internal abstract Array Data { get; }

        /// <summary>Makes a tensor of zeros, of the type with this number; null where there is none.</summary>
        internal static Tensor Zeros(int element, long[] shape)
        {
            switch (element)
            {
                case 1: return new Tensor<float>(new float[CountOf(shape)], shape);
                case 2: return new Tensor<byte>(new byte[CountOf(shape)], shape);
                case 6: return new Tensor<int>(new int[CountOf(shape)], shape);
                case 7: return new Tensor<long>(new long[CountOf(shape)], shape);
                case 8: return new Tensor<string>(new string[CountOf(shape)], shape);
                case 9: return new Tensor<bool>(new bool[CountOf(shape)], shape);
                case 10: return new Tensor<ushort>(new ushort[CountOf(shape)], shape);
                case 11: return new Tensor<double>(new double[CountOf(shape)], shape);
                default: return null;
            }
        }

        /// <summary>Makes a tensor that holds one value throughout.</summary>
        public static Tensor<T> Filled<T>(T value, params long[] shape)
        {
            var values = new T[CountOf(shape)];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = value;
            }
            return new Tensor<T>(values, shape);
        }

        /// <exception cref="ArgumentException">More than an array holds, or a size is negative.</exception>
        private static int CountOf(long[] shape)
        {
            long count = 1;
            foreach (long size in shape)
            {
                if (size < 0 || (size > 0 && count > int.MaxValue / size))
                {
                    throw new ArgumentException("a shape is negative or too large");
                }
                count *= size;
            }
            return (int)count;
        }
    }

    /// <summary>
    /// Values of one type: float, double, long, int, byte (uint8), bool, string, or ushort (the bits of a float16, see
    /// <see cref="Half"/>). <c>new Tensor&lt;float&gt;(new float[6], 2, 3)</c>
    /// </summary>
    public sealed class Tensor<T> : Tensor
    {
        /// <summary>Takes values, which are not copied, and how many there are along each axis.</summary>
        public Tensor(T[] values, params long[] shape) : base(values, shape)
        {
            Values = values;
        }

        /// <summary>All values, in row-major order.</summary>
        public T[] Values { get; }

        internal override Array Data => Values;
    }
}
