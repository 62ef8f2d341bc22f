package vowels;

/** Floats of 16 bits, which are kept as their bits in a short. */
public final class Half {
    private Half() {}

    /** Gives the value of the bits. */
    public static double valueOf(short bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        double size = switch (exponent) {
            case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            case 0 -> Math.scalb((double) fraction, -24);
            default -> Math.scalb(1024.0 + fraction, exponent - 25);
        };
        return bits < 0 ? -size : size;
    }

    /** Rounds to the nearest, to even between two. */
    public static short of(double value) {
        int sign = Double.doubleToRawLongBits(value) < 0 ? 1 << 15 : 0;
        double size = Math.abs(value);
        if (Double.isNaN(size)) {
            return (short) (sign | 0x7e00);
        }
        if (size >= 65520) { // half way beyond the largest
            return (short) (sign | 0x7c00);
        }
        int exponent = Math.max(Math.getExponent(size), -14);
        int steps = (int) Math.rint(Math.scalb(size, 10 - exponent)); // 1024 and more carry into the exponent
        return (short) (sign | ((exponent + 14) * 1024 + steps));
    }
}
