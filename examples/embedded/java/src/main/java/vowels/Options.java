package vowels;

/**
 * How to open a model.
 *
 * @param threads of one call, from 1
 * @param optimisation of the graph
 * @param provider empty for the CPU, or what this build of ONNX Runtime has: CUDA, CoreML, XNNPACK
 */
public record Options(int threads, Optimisation optimisation, String provider) {
    /** The best for small models. */
    public static final Options DEFAULT = new Options(1, Optimisation.ALL, "");

    /** What is done to the graph before it runs. */
    public enum Optimisation {
        NONE(-1),
        BASIC(1),
        EXTENDED(2),
        ALL(0);

        final int level;

        Optimisation(int level) {
            this.level = level;
        }
    }
}
