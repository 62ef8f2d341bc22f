package vowels;

import java.util.HashMap;
import java.util.Map;

/** Holds the inputs of a call to their axes: one axis has the same length in all of them. */
final class Shapes {
    private final Map<String, Long> found = new HashMap<>();

    /** Says which lengths an axis may have. */
    record Axis(String name, long least, long most) {}

    /**
     * Looks at one input: ONNX Runtime ends the process where an LSTM gets no sequence.
     *
     * @throws ModelException an axis has another length
     */
    void hold(String input, Tensor<?> tensor, Axis... axes) {
        long[] shape = tensor.shape();
        if (shape.length != axes.length) {
            throw new ModelException(
                    "input '" + input + "': has " + shape.length + " axes instead of " + axes.length);
        }
        for (int k = 0; k < axes.length; k++) {
            Axis axis = axes[k];
            String has = "input '" + input + "': axis '" + axis.name() + "' has length " + shape[k] + ", and ";
            if (shape[k] < axis.least()) {
                throw new ModelException(has + "must have " + axis.least() + " at least");
            }
            if (shape[k] > axis.most()) {
                throw new ModelException(has + "must have " + axis.most() + " at most");
            }
            Long other = found.putIfAbsent(axis.name(), shape[k]);
            if (other != null && other != shape[k]) {
                throw new ModelException(has + other + " in another input: they must agree");
            }
        }
    }

    /**
     * Looks at lengths along an axis: one beyond the end would be read there.
     *
     * @throws ModelException there is no sequence of such a length
     */
    void holdLengths(String input, long[] lengths, String along, long least) {
        long most = found.getOrDefault(along, Long.MAX_VALUE);
        for (int at = 0; at < lengths.length; at++) {
            if (lengths[at] < least || lengths[at] > most) {
                throw new ModelException("input '" + input + "': " + lengths[at] + " at " + at
                        + ", and a length must be from " + least + " to " + most);
            }
        }
    }
}
