package vowels;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** The native part: from a folder of java.library.path, or else from the class path. */
final class Library {
    private static final String NAME = "vowels_jni";
    private static boolean loaded;

    private Library() {}

    static synchronized void load() {
        if (loaded) {
            return;
        }
        try {
            System.loadLibrary(NAME);
        } catch (UnsatisfiedLinkError missing) {
            loadResource();
        }
        loaded = true;
    }

    private static void loadResource() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String folder = system.startsWith("windows") ? "windows" : system.startsWith("mac") ? "macos" : "linux";
        String file = System.mapLibraryName(NAME);
        String resource = "natives/" + folder + "-" + System.getProperty("os.arch") + "/" + file;
        try (InputStream content = Library.class.getResourceAsStream(resource)) {
            if (content == null) {
                throw new ModelException("the class path has no vowels/" + resource
                        + ", nor java.library.path a " + file + ": build the native part");
            }
            Path copy = Files.createTempFile(NAME, file);
            copy.toFile().deleteOnExit();
            Files.copy(content, copy, StandardCopyOption.REPLACE_EXISTING);
            System.load(copy.toString());
        } catch (IOException | UnsatisfiedLinkError error) {
            throw new ModelException(file + " cannot be loaded: " + error.getMessage());
        }
    }
}
