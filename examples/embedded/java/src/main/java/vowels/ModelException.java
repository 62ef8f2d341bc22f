package vowels;

/** Why a model cannot be loaded or cannot answer, in one line. */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ModelException(String why) {
        super(why.lines().findFirst().orElse(why));
    }
}
