// Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//
//     vowels              asks the first golden example
//     vowels --self-test  asks all of them, and compares
//
// Exit status: 0, 1 where the self-test fails, 2 for what cannot be used.
#include <iostream>

#include "self_test.hpp"

static int run(const std::vector<std::string> &arguments)
{
    std::string path = "model.onnx", golden = "golden.bin";
    bool test = false, timed = false;
    for (std::size_t i = 0; i < arguments.size(); i++) {
        const bool more = i + 1 < arguments.size();
        if (arguments[i] == "--self-test")
            test = true;
        else if (arguments[i] == "--bench")
            timed = true;
        else if (arguments[i] == "--model" && more)
            path = arguments[++i];
        else if (arguments[i] == "--golden" && more)
            golden = arguments[++i];
        else
            throw std::invalid_argument("usage: vowels [--model FILE] [--golden FILE] [--self-test | --bench]");
    }
    const vowels::Model model(path);
    struct File : golden_file {
        ~File() { golden_free(this); }
    } file{};
    if (!golden_read(&file, golden.c_str()))
        return 2;
    if (test)
        return self_test(model, file) ? 0 : 1;
    if (timed)
        bench(model, file);
    else
        example(model, file.examples[0]);
    return 0;
}

int main(int count, char **arguments)
{
    try {
        return run({arguments + 1, arguments + count});
    } catch (const std::exception &error) {
        const std::string why = error.what();
        std::cerr << why.substr(0, why.find('\n')) << '\n';
        return 2;
    }
}
