package vowels;

import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Golden examples: inputs, and the outputs that every runtime must give for them.
 *
 * <p>golden.bin is little-endian throughout; a text is a u32 and that many bytes of UTF-8:
 *
 * <pre>
 * "LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
 * u32 role (0 input, 1 output), text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values
 * (strings as texts)
 * </pre>
 *
 * @param rtol part of the largest golden value that an answer may be off
 * @param atol what it may be off besides
 */
record Golden(double rtol, double atol, List<Example> examples) {
    record Example(List<Stored> tensors) {}

    private record Stored(boolean output, String name, int element, long[] shape, ByteBuffer content) {}

    static Golden read(Path path) {
        byte[] content;
        try {
            content = Files.readAllBytes(path);
        } catch (IOException error) {
            throw new ModelException(path + ": cannot be read");
        }
        try {
            return read(ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN));
        } catch (BufferUnderflowException error) {
            throw new ModelException(path + ": is no file of golden examples, or a part of one");
        }
    }

    private static Golden read(ByteBuffer rest) {
        byte[] magic = new byte[8];
        rest.get(magic);
        if (!Arrays.equals(magic, "LSTMGOLD".getBytes(StandardCharsets.US_ASCII)) || rest.getInt() != 1) {
            throw new BufferUnderflowException();
        }
        double rtol = rest.getDouble();
        double atol = rest.getDouble();
        List<Example> examples = new ArrayList<>();
        for (int left = size(rest); left > 0; left--) {
            List<Stored> tensors = new ArrayList<>();
            for (int more = size(rest); more > 0; more--) {
                tensors.add(readTensor(rest));
            }
            examples.add(new Example(tensors));
        }
        if (examples.isEmpty()) {
            throw new BufferUnderflowException();
        }
        return new Golden(rtol, atol, examples);
    }

    private static Stored readTensor(ByteBuffer rest) {
        boolean output = rest.getInt() == 1;
        String name = text(rest);
        int element = rest.getInt();
        long[] shape = new long[size(rest)];
        for (int axis = 0; axis < shape.length; axis++) {
            shape[axis] = rest.getInt();
        }
        return new Stored(output, name, element, shape, take(rest));
    }

    /** Reads how many of something follow, each of which takes a byte at least. */
    private static int size(ByteBuffer rest) {
        int size = rest.getInt();
        if (size < 0 || size > rest.remaining()) {
            throw new BufferUnderflowException();
        }
        return size;
    }

    private static ByteBuffer take(ByteBuffer rest) {
        int size = size(rest);
        ByteBuffer taken = rest.slice(rest.position(), size).order(ByteOrder.LITTLE_ENDIAN);
        rest.position(rest.position() + size);
        return taken;
    }

    private static String text(ByteBuffer rest) {
        return StandardCharsets.UTF_8.decode(take(rest)).toString();
    }

    /** Gives the input of that name, type and number of axes. */
    <A> Tensor<A> input(Example example, String name, Class<A> type, int axes) {
        return find(example, false, name, type, axes);
    }

    private <A> Tensor<A> find(Example example, boolean output, String name, Class<A> type, int axes) {
        for (Stored stored : example.tensors) {
            if (stored.output == output && stored.name.equals(name)) {
                Object values = values(stored);
                if (type.isInstance(values) && stored.shape.length == axes) {
                    return new Tensor<>(type.cast(values), stored.shape);
                }
                throw new ModelException("the golden " + name + " is of another type or shape than the model's");
            }
        }
        throw new ModelException("the golden examples have no " + name);
    }

    private static Object values(Stored stored) {
        ByteBuffer rest = stored.content.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        try {
            int count = Tensor.count(stored.shape);
            Object values = array(stored.element, count > rest.remaining() ? 0 : count);
            if (values instanceof float[] array) {
                rest.asFloatBuffer().get(array);
            } else if (values instanceof double[] array) {
                rest.asDoubleBuffer().get(array);
            } else if (values instanceof short[] array) {
                rest.asShortBuffer().get(array);
            } else if (values instanceof int[] array) {
                rest.asIntBuffer().get(array);
            } else if (values instanceof long[] array) {
                rest.asLongBuffer().get(array);
            } else if (values instanceof byte[] array) {
                rest.get(array);
            } else {
                for (int i = 0; i < Array.getLength(values); i++) {
                    Array.set(values, i, values instanceof String[] ? (Object) text(rest) : (Object) (rest.get() != 0));
                }
            }
            if (Array.getLength(values) == count) {
                return values;
            }
        } catch (BufferUnderflowException | IllegalArgumentException error) {
            // said below
        }
        throw new ModelException("the golden " + stored.name + " is not whole");
    }

    private static Object array(int element, int count) {
        return switch (element) {
            case 1 -> new float[count];
            case 2 -> new byte[count];
            case 6 -> new int[count];
            case 7 -> new long[count];
            case 8 -> new String[count];
            case 9 -> new boolean[count];
            case 10 -> new short[count];
            case 11 -> new double[count];
            default -> throw new IllegalArgumentException();
        };
    }

    /**
     * Compares an output with the golden one, and gives the largest difference.
     *
     * @throws ModelException they do not agree
     */
    double compare(Example example, String name, Tensor<?> got) {
        Tensor<?> wanted = find(example, true, name, got.values().getClass(), got.shape().length);
        if (!Arrays.equals(got.shape(), wanted.shape())) {
            throw new ModelException(name + " is of shape " + Arrays.toString(got.shape()) + " instead of "
                    + Arrays.toString(wanted.shape()));
        }
        int count = Array.getLength(wanted.values());
        int rows = wanted.shape().length == 0 || count == 0 ? 1 : (int) wanted.shape()[0];
        double largest = 0;
        for (int row = 0; row < rows; row++) {
            int start = row * (count / rows);
            largest = Math.max(largest, compare(name, got.values(), wanted.values(), start, start + count / rows));
        }
        return largest;
    }

    private double compare(String name, Object got, Object wanted, int start, int stop) {
        double scale = 0;
        for (int i = start; i < stop; i++) {
            double size = Math.abs(number(wanted, i));
            scale = Double.isFinite(size) ? Math.max(scale, size) : scale;
        }
        double largest = 0;
        for (int i = start; i < stop; i++) {
            if (Array.get(got, i).equals(Array.get(wanted, i))) { // two NaN are equal, too
                continue;
            }
            double difference = Math.abs(number(got, i) - number(wanted, i));
            if (!(difference <= atol + rtol * scale)) {
                throw new ModelException(
                        name + "[" + i + "] is " + Array.get(got, i) + " instead of " + Array.get(wanted, i));
            }
            largest = Math.max(largest, difference);
        }
        return largest;
    }

    /** Gives a value that is compared within the tolerance; NaN where it must be equal. */
    private static double number(Object values, int i) {
        return values instanceof float[] floats ? floats[i]
                : values instanceof double[] doubles ? doubles[i]
                : values instanceof short[] halves ? Half.valueOf(halves[i])
                : Double.NaN;
    }
}
