using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;

namespace Vowels
{
    /// <summary>Feeds the golden examples to the model.</summary>
    internal sealed class SelfTest
    {
        private readonly Model model;
        private readonly Golden golden;
        private readonly TextWriter output;

        internal SelfTest(Model model, Golden golden, TextWriter output)
        {
            this.model = model;
            this.golden = golden;
            this.output = output;
        }

        /// <summary>Makes the call of an example: its inputs are ready, and only the model is left to run.</summary>
        private Func<Model.Answer> Call(List<Golden.Stored> example)
        {
            var values_ = Golden.Input<float>(example, "values", 3);
            var lengths_ = Golden.Input<long>(example, "lengths", 1);
            return () => model.Classify(values_, lengths_);
        }

        /// <summary>Says how far the answer is from the golden one; throws where that is too far.</summary>
        private double Difference(List<Golden.Stored> example)
        {
            Model.Answer answer = Call(example)();
            double largest = 0;
            largest = Math.Max(largest, golden.Compare(example, "label", answer.Label));
            largest = Math.Max(largest, golden.Compare(example, "probabilities", answer.Probabilities));
            return largest;
        }

        /// <summary>Says for each example whether the answer agrees; true where all do.</summary>
        internal bool Passes()
        {
            int passed = 0;
            int count = golden.Examples.Count;
            for (int i = 0; i < count; i++)
            {
                try
                {
                    double largest = Difference(golden.Examples[i]);
                    output.WriteLine(
                        FormattableString.Invariant($"example {i + 1}: ok, largest difference {largest:0.0e+00}"));
                    passed++;
                }
                catch (ModelException error)
                {
                    output.WriteLine($"  {error.Message}\nexample {i + 1}: FAILED");
                }
            }
            output.WriteLine($"self-test {(passed == count ? "passed" : "FAILED")}: {passed} of {count} examples");
            return passed == count;
        }

        /// <summary>Says how long a call with the first example takes.</summary>
        internal void Bench()
        {
            const int warm = 100;
            Func<Model.Answer> call = Call(golden.Examples[0]);
            var taken = new double[1000];
            for (int i = -warm; i < taken.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                call();
                if (i >= 0)
                {
                    taken[i] = (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency;
                }
            }
            Array.Sort(taken);
            double median = taken[taken.Length / 2];
            output.WriteLine(FormattableString.Invariant($"bench: median {median:0.0} us a call of {taken.Length}"));
        }
    }
}
