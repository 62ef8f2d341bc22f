package vowels;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
 *
 * <pre>{@code
 * try (var model = new Model(Path.of("model.onnx"))) { // once; threads may share it
 *     var answer = model.classify(values, lengths);
 * }
 * }</pre>
 *
 * Whatever cannot be done throws a {@link ModelException} of one line.
 */
public final class Model implements AutoCloseable {
    /** What the model is called that this was made from. */
    public static final String NAME = "vowels";

    /** When that was exported. */
    public static final String CREATED = "2026-11-23T17:47:47.498409+00:00";

    /** Of its file. */
    public static final String SHA256 = "032f11715ec91a5c708106b440e1661b132216445cfb2f055c9ed03fd6a7afc8";

    /** How well it did on the test split, accuracy first of all. */
    public static final Map<String, Double> SCORES = Map.ofEntries(
            Map.entry("accuracy", 0.972972972972973),
            Map.entry("balanced_accuracy", 0.9726132130136579),
            Map.entry("macro_f1", 0.9737687922124992),
            Map.entry("log_loss", 0.09482879445118517),
            Map.entry("auc", 0.999154421298664),
            Map.entry("ece", 0.008666842289873071));

    /** The places of the axis class. */
    public static final List<String> CLASS_LABELS = List.of("1", "2", "3", "4", "5", "6", "7", "8", "9");

    /**
     * What the model gives.
     *
     * @param label (batch): the likeliest class
     * @param probabilities (batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, …
     */
    public record Answer(Tensor<String[]> label, Tensor<float[]> probabilities) {}

    private final Session session;

    /** Loads the model. */
    public Model(Path path) {
        this(path, Options.DEFAULT);
    }

    /** Loads the model as the options say. */
    public Model(Path path, Options options) {
        byte[] content = Session.read(path);
        try {
            session = new Session(content, options);
        } catch (ModelException error) { // ONNX Runtime's message does not name the file
            throw new ModelException(path + ": " + error.getMessage());
        }
    }

    /** Loads what lies in memory, such as a resource. */
    public Model(byte[] content, Options options) {
        session = new Session(content, options);
    }

    /** Releases what ONNX Runtime holds; no call may be under way. */
    @Override
    public void close() {
        session.close();
    }

    /**
     * Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
     *
     * @param values (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
     * @param lengths (batch): steps of each sequence
     */
    public Answer classify(Tensor<float[]> values, Tensor<long[]> lengths) {
        var held = new Shapes();
        held.hold(
                "values",
                values,
                new Shapes.Axis("batch", 1, Long.MAX_VALUE),
                new Shapes.Axis("time", 1, Long.MAX_VALUE),
                new Shapes.Axis("channel", 12, 12));
        held.hold("lengths", lengths, new Shapes.Axis("batch", 1, Long.MAX_VALUE));
        held.holdLengths("lengths", lengths.values(), "time", 1);
        var results = session.run(values, lengths);
        return new Answer(
                results.get(0, "label", String[].class, 1),
                results.get(1, "probabilities", float[].class, 2));
    }
}
