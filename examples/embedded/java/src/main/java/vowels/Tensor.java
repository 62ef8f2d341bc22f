package vowels;

import java.lang.reflect.Array;

/**
 * Values in row-major order, and how many there are along each axis: {@code new Tensor<>(new float[6], 2, 3)}.
 *
 * @param <A> float[], double[], long[], int[], boolean[] or String[]; byte[] for uint8, short[] for the bits of float16
 *     (see {@link Half})
 * @param values all of them; they are not copied
 * @param shape how many there are along each axis, outermost first
 */
public record Tensor<A>(A values, long... shape) {
    /**
     * Checks that the values fill the shape.
     *
     * @throws IllegalArgumentException they do not, or are no array of a type that tensors have
     */
    public Tensor {
        if (count(shape) != Array.getLength(values) || elementOf(values) == 0) {
            throw new IllegalArgumentException("the values do not fill the shape, or are of a type for no tensor");
        }
    }

    /** Makes a tensor that holds one value throughout, of the type that the array class says. */
    public static <A> Tensor<A> filled(Class<A> type, Object value, long... shape) {
        Object values = Array.newInstance(type.getComponentType(), count(shape));
        for (int i = 0; i < Array.getLength(values); i++) {
            Array.set(values, i, value);
        }
        return new Tensor<>(type.cast(values), shape);
    }

    /**
     * Says how many values a shape holds.
     *
     * @throws IllegalArgumentException more than an array holds, or a size is negative
     */
    static int count(long... shape) {
        long count = 1;
        for (long size : shape) {
            if (size < 0 || (size > 0 && count > Integer.MAX_VALUE / size)) {
                throw new IllegalArgumentException("a shape is negative or too large");
            }
            count *= size;
        }
        return (int) count;
    }

    /** ONNX's number of the type of its values, which is ONNX Runtime's too. */
    int element() {
        return elementOf(values);
    }

    private static int elementOf(Object values) {
        return values instanceof float[] ? 1
                : values instanceof byte[] ? 2
                : values instanceof int[] ? 6
                : values instanceof long[] ? 7
                : values instanceof String[] ? 8
                : values instanceof boolean[] ? 9
                : values instanceof short[] ? 10
                : values instanceof double[] ? 11
                : 0;
    }
}
