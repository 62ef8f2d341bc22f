using System;

namespace Vowels
{
    /// <summary>Floats of 16 bits, which are kept as their bits.</summary>
    public static class Half
    {
        /// <summary>Gives the value of the bits.</summary>
        public static double ValueOf(ushort bits)
        {
            int exponent = (bits >> 10) & 31;
            int fraction = bits & 1023;
            double size = exponent == 31 ? (fraction == 0 ? double.PositiveInfinity : double.NaN)
                : exponent == 0 ? fraction * Math.Pow(2, -24)
                : (1024 + fraction) * Math.Pow(2, exponent - 25);
            return bits >> 15 == 1 ? -size : size;
        }

        /// <summary>Rounds to the nearest, to even between two.</summary>
        public static ushort Of(double value)
        {
            long whole = BitConverter.DoubleToInt64Bits(value);
            int sign = whole < 0 ? 1 << 15 : 0;
            double size = Math.Abs(value);
            if (double.IsNaN(size))
            {
                return (ushort)(sign | 0x7e00);
            }
            if (size >= 65520) // half way beyond the largest
            {
                return (ushort)(sign | 0x7c00);
            }
            int exponent = Math.Max((int)((whole >> 52) & 2047) - 1023, -14);
            int steps = (int)Math.Round(size * Math.Pow(2, 10 - exponent)); // 1024 and more carry into the exponent
            return (ushort)(sign | ((exponent + 14) * 1024 + steps));
        }
    }
}
