"""Why a file answers as it does: what its answer rests on, and how the gates of its LSTM move. Runs no torch."""
