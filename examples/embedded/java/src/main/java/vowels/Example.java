package vowels;

import java.io.PrintStream;
import java.lang.reflect.Array;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Asks the model once: what a program of your own does, with tensors of its own in place of the golden ones. */
final class Example {
    private Example() {}

    static void ask(Model model, Golden golden, PrintStream out) {
        var example = golden.examples().get(0);
        // (batch, time, channel = 12), the columns cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8: new Tensor<>(values, 1, 15, 12)
        var values_ = golden.input(example, "values", float[].class, 3);
        // (batch): new Tensor<>(lengths, 1)
        var lengths_ = golden.input(example, "lengths", long[].class, 1);
        var answer = model.classify(values_, lengths_);
        print(out, "label", answer.label().values());
        print(out, "probabilities", answer.probabilities().values());
    }

    private static void print(PrintStream out, String name, Object values) {
        int count = Array.getLength(values);
        String shown = IntStream.range(0, Math.min(count, 8))
                .mapToObj(i -> values instanceof byte[] bytes ? bytes[i] & 255 : Array.get(values, i))
                .map(Object::toString)
                .collect(Collectors.joining(" "));
        out.println(name + ": " + shown + (count > 8 ? " ..." : ""));
    }
}
