package vowels;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The program: asks the first golden example, or with --self-test all of them.
 *
 * <p>Exit status: 0, 1 where the self-test fails, 2 for what cannot be used.
 */
final class Main {
    private static final String USAGE =
            "usage: vowels [--model FILE] [--golden FILE] [--self-test | --bench]";

    private Main() {}

    private static int run(String[] arguments, PrintStream out) {
        String path = "model.onnx";
        String goldenPath = "golden.bin";
        boolean test = false;
        boolean timed = false;
        for (int i = 0; i < arguments.length; i++) {
            boolean more = i + 1 < arguments.length;
            if (arguments[i].equals("--self-test")) {
                test = true;
            } else if (arguments[i].equals("--bench")) {
                timed = true;
            } else if (arguments[i].equals("--model") && more) {
                path = arguments[++i];
            } else if (arguments[i].equals("--golden") && more) {
                goldenPath = arguments[++i];
            } else {
                throw new ModelException(USAGE);
            }
        }
        try (var model = new Model(Path.of(path))) {
            var golden = Golden.read(Path.of(goldenPath));
            if (test) {
                return new SelfTest(model, golden, out).passes() ? 0 : 1;
            }
            if (timed) {
                new SelfTest(model, golden, out).bench();
            } else {
                Example.ask(model, golden, out);
            }
            return 0;
        }
    }

    public static void main(String[] arguments) {
        int status;
        try (var out = new PrintStream(
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)), false, StandardCharsets.UTF_8)) {
            status = run(arguments, out);
            if (out.checkError()) {
                throw new ModelException("the answer cannot be written");
            }
        } catch (ModelException error) {
            System.err.println(error.getMessage());
            status = 2;
        }
        System.exit(status);
    }
}
