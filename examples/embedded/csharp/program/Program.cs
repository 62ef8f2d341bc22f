using System;
using System.IO;
using System.Text;

namespace Vowels
{
    /// <summary>
    /// The program: asks the first golden example, or with --self-test all of them.
    ///
    /// Exit status: 0, 1 where the self-test fails, 2 for what cannot be used.
    /// </summary>
    internal static class Program
    {
        private const string Usage =
            "usage: vowels [--model FILE] [--golden FILE] [--self-test | --bench]";

        private static int Run(string[] arguments, TextWriter output)
        {
            string path = "model.onnx";
            string goldenPath = "golden.bin";
            bool test = false;
            bool timed = false;
            for (int i = 0; i < arguments.Length; i++)
            {
                bool more = i + 1 < arguments.Length;
                if (arguments[i] == "--self-test")
                {
                    test = true;
                }
                else if (arguments[i] == "--bench")
                {
                    timed = true;
                }
                else if (arguments[i] == "--model" && more)
                {
                    path = arguments[++i];
                }
                else if (arguments[i] == "--golden" && more)
                {
                    goldenPath = arguments[++i];
                }
                else
                {
                    throw new ModelException(Usage);
                }
            }
            using (var model = new Model(path))
            {
                Golden golden = Golden.Read(goldenPath);
                if (test)
                {
                    return new SelfTest(model, golden, output).Passes() ? 0 : 1;
                }
                if (timed)
                {
                    new SelfTest(model, golden, output).Bench();
                }
                else
                {
                    Example.Ask(model, golden, output);
                }
                return 0;
            }
        }

        private static int Main(string[] arguments)
        {
            string why;
            try
            {
                using (var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)))
                {
                    return Run(arguments, output);
                }
            }
            catch (ModelException error)
            {
                why = error.Message;
            }
            catch (IOException)
            {
                why = "the answer cannot be written";
            }
            Console.Error.WriteLine(why);
            return 2;
        }
    }
}
