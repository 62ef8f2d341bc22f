package vowels;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;

/** Feeds the golden examples to the model. */
final class SelfTest {
    private final Model model;
    private final Golden golden;
    private final PrintStream out;

    SelfTest(Model model, Golden golden, PrintStream out) {
        this.model = model;
        this.golden = golden;
        this.out = out;
    }

    /** The inputs of an example, ready for the model. */
    private record Call(Tensor<float[]> values, Tensor<long[]> lengths) {
        Model.Answer answer(Model model) {
            return model.classify(values, lengths);
        }
    }

    private Call call(Golden.Example example) {
        return new Call(
                golden.input(example, "values", float[].class, 3),
                golden.input(example, "lengths", long[].class, 1));
    }

    /** Says how far the answer is from the golden one; throws where that is too far. */
    private double difference(Golden.Example example) {
        Model.Answer answer = call(example).answer(model);
        double largest = 0;
        largest = Math.max(largest, golden.compare(example, "label", answer.label()));
        largest = Math.max(largest, golden.compare(example, "probabilities", answer.probabilities()));
        return largest;
    }

    /** Says for each example whether the answer agrees; true where all do. */
    boolean passes() {
        int passed = 0;
        int count = golden.examples().size();
        for (int i = 0; i < count; i++) {
            try {
                double largest = difference(golden.examples().get(i));
                out.printf(Locale.ROOT, "example %d: ok, largest difference %.1e%n", i + 1, largest);
                passed++;
            } catch (ModelException error) {
                out.printf("  %s%nexample %d: FAILED%n", error.getMessage(), i + 1);
            }
        }
        out.printf("self-test %s: %d of %d examples%n", passed == count ? "passed" : "FAILED", passed, count);
        return passed == count;
    }

    /** Says how long a call with the first example takes. */
    void bench() {
        int warm = 100;
        Call call = call(golden.examples().get(0));
        double[] taken = new double[1000];
        for (int i = -warm; i < taken.length; i++) {
            long start = System.nanoTime();
            call.answer(model);
            if (i >= 0) {
                taken[i] = (System.nanoTime() - start) / 1e3;
            }
        }
        Arrays.sort(taken);
        out.printf(Locale.ROOT, "bench: median %.1f us a call of %d%n", taken[taken.length / 2], taken.length);
    }
}
