package vowels;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model that ONNX Runtime has loaded; its other half is native/vowels_jni.c. */
final class Session implements AutoCloseable {
    private static final int OUTPUTS = 2;

    private long handle;

    Session(byte[] content, Options options) {
        Library.load();
        handle = open(content, options.threads(), options.optimisation().level, options.provider());
    }

    static byte[] read(Path path) {
        try {
            return Files.readAllBytes(path);
        } catch (IOException error) {
            throw new ModelException(path + ": cannot be read");
        }
    }

    @Override
    public void close() {
        if (handle != 0) {
            close(handle);
            handle = 0;
        }
    }

    /** Takes all inputs and gives all outputs, both in the graph's order. */
    Results run(Tensor<?>... inputs) {
        if (handle == 0) {
            throw new ModelException("the model is closed");
        }
        Object[] values = new Object[inputs.length];
        long[][] shapes = new long[inputs.length][];
        int[] elements = new int[inputs.length];
        for (int k = 0; k < inputs.length; k++) {
            values[k] = inputs[k].values() instanceof String[] texts ? encoded(texts) : inputs[k].values();
            shapes[k] = inputs[k].shape();
            elements[k] = inputs[k].element();
        }
        Object[] results = new Object[2 * OUTPUTS];
        run(handle, values, shapes, elements, results);
        return new Results(results);
    }

    /** Holds values and shape of each output, in turn. */
    record Results(Object[] outputs) {
        /** Gives an output; one of another type or number of axes shows that the model is another one. */
        <A> Tensor<A> get(int place, String name, Class<A> type, int axes) {
            Object values = outputs[2 * place] instanceof byte[][] texts ? decoded(texts) : outputs[2 * place];
            long[] shape = (long[]) outputs[2 * place + 1];
            if (!type.isInstance(values) || shape.length != axes) {
                throw new ModelException("output " + name + " is of another type: the model is another one");
            }
            return new Tensor<>(type.cast(values), shape);
        }
    }

    // Texts cross as UTF-8: the one that JNI makes of strings is another.

    private static byte[][] encoded(String[] texts) {
        byte[][] bytes = new byte[texts.length][];
        for (int i = 0; i < texts.length; i++) {
            bytes[i] = texts[i].getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    private static String[] decoded(byte[][] bytes) {
        String[] texts = new String[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            texts[i] = new String(bytes[i], StandardCharsets.UTF_8);
        }
        return texts;
    }

    private static native long open(byte[] content, int threads, int level, String provider);

    private static native void close(long handle);

    private static native void run(long handle, Object[] values, long[][] shapes, int[] elements, Object[] results);
}
