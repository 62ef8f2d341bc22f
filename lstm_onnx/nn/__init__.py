"""The layers that we make ourselves: the LSTM, and the search that says one token after another."""
