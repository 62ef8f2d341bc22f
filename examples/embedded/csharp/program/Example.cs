using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Vowels
{
    /// <summary>Asks the model once: what a program of your own does, with tensors of its own in place of the golden ones.</summary>
    internal static class Example
    {
        internal static void Ask(Model model, Golden golden, TextWriter output)
        {
            var example = golden.Examples[0];
            // (batch, time, channel = 12), the columns cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8: new Tensor<float>(values, 1, 15, 12)
            var values_ = Golden.Input<float>(example, "values", 3);
            // (batch): new Tensor<long>(values, 1)
            var lengths_ = Golden.Input<long>(example, "lengths", 1);
            Model.Answer answer = model.Classify(values_, lengths_);
            Print(output, "label", answer.Label.Values);
            Print(output, "probabilities", answer.Probabilities.Values);
        }

        private static void Print<T>(TextWriter output, string name, T[] values)
        {
            var texts = values.Take(8).Select(value => Convert.ToString(value, CultureInfo.InvariantCulture));
            output.WriteLine($"{name}: {string.Join(" ", texts)}{(values.Length > 8 ? " ..." : "")}");
        }
    }
}
