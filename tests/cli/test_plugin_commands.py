"""Commands that come from plugins, as installed by pip: found by name, listed in the help, and kept apart."""

from __future__ import annotations

import pytest

from tests.cli.conftest import call

GREETING = '''
import typer
from lstm_onnx.plugin import UserError, hookimpl

@hookimpl
def lstm_onnx_commands(app):
    @app.command()
    def greet(name: str, loud: bool = False):
        """Greet somebody."""
        if name == "nobody":
            raise UserError("nobody: is not here; greet somebody")
        print(f"hello {name}" + "!" * loud)
'''


def test_a_plugin_adds_a_command(install, capsys: pytest.CaptureFixture[str]) -> None:
    install("pkg-greeting", "greeting", GREETING)
    assert call(capsys, "greet", "ada", "--loud") == (0, "hello ada!\n", "")
    status, out, err = call(capsys, "greet", "nobody")
    assert (status, out, err) == (2, "", "error: nobody: is not here; greet somebody\n")
    status, out, err = call(capsys, "--help")
    assert status == 0
    assert "│ greet     Greet somebody." in out and "│ train " in out and err == ""
    status, _, err = call(capsys, "greett")
    assert status == 2
    assert err == "error: No such command 'greett'. Did you mean 'greet'? (lstm-onnx --help)\n"
    status, out, _ = call(capsys, "plugins")
    assert status == 0
    assert "lstm_onnx_commands" in out and "lstm-onnx greet" in out


def test_a_broken_plugin_takes_no_command_away(install, capsys: pytest.CaptureFixture[str]) -> None:
    install("pkg-broken", "broken", "import nothing_of_this_name\n# def lstm_onnx_commands\n")
    install("pkg-greeting", "greeting", GREETING)
    assert call(capsys, "greet", "ada") == (0, "hello ada\n", "")
    status, out, err = call(capsys, "--help")
    assert status == 0
    assert "│ greet " in out
    assert err.startswith("broken: plugin 'broken' of pkg-broken 1.0 does not load: ModuleNotFoundError")
    status, out, err = call(capsys, "mysterious")
    assert status == 2
    assert "plugin 'broken' of pkg-broken" in err and "No such command 'mysterious'" in err
    assert call(capsys, "--version")[0] == 0


def test_a_name_that_is_taken_stays_what_it_is(install, capsys: pytest.CaptureFixture[str]) -> None:
    install("pkg-one", "one", GREETING)
    install("pkg-two", "two", GREETING.replace("hello", "goodbye"))
    install("pkg-rude", "rude", GREETING.replace("def greet(", "def train("))
    assert call(capsys, "greet", "ada")[1] == "hello ada\n"
    status, out, err = call(capsys, "--help")
    assert status == 0
    assert out.count("│ train ") == 1 and out.count("│ greet ") == 1
    assert "plugin 'two' of pkg-two 1.0: its command 'greet' is left out" in err
    assert "plugin 'rude' of pkg-rude 1.0: its command 'train' is left out" in err


def test_plugins_are_not_loaded_for_a_command_of_ours(install, capsys: pytest.CaptureFixture[str]) -> None:
    install("pkg-loud", "loud", "print('loaded')\n# lstm_onnx_commands\n")
    assert "loaded" not in call(capsys, "inspect", "nothing.onnx")[1]
    assert "loaded" in call(capsys, "--help")[1]


def test_a_plugin_that_names_no_hook_for_commands_is_not_loaded(install, capsys: pytest.CaptureFixture[str]) -> None:
    install("pkg-quiet", "quiet", "print('loaded')\n")
    assert "loaded" not in call(capsys, "--help")[1]
