using System;
using System.Collections.Generic;

namespace Vowels
{
    /// <summary>Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.</summary>
    /// <example><code>
    /// using (var model = new Model("model.onnx")) // once; threads may share it
    /// {
    ///     var answer = model.Classify(values, lengths);
    /// }
    /// </code></example>
    /// <remarks>Whatever cannot be done throws a <see cref="ModelException"/> of one line.</remarks>
    public sealed class Model : IDisposable
    {
        /// <summary>What the model is called that this was made from.</summary>
        public const string Name = "vowels";

        /// <summary>When that was exported.</summary>
        public const string Created = "2026-11-23T17:47:47.498409+00:00";

        /// <summary>Of its file.</summary>
        public const string Sha256 = "032f11715ec91a5c708106b440e1661b132216445cfb2f055c9ed03fd6a7afc8";

        /// <summary>How well it did on the test split, accuracy first of all.</summary>
        public static readonly IReadOnlyDictionary<string, double> Scores = new Dictionary<string, double>
        {
            { "accuracy", 0.972972972972973 },
            { "balanced_accuracy", 0.9726132130136579 },
            { "macro_f1", 0.9737687922124992 },
            { "log_loss", 0.09482879445118517 },
            { "auc", 0.999154421298664 },
            { "ece", 0.008666842289873071 }
        };

        /// <summary>The places of the axis class.</summary>
        public static readonly IReadOnlyList<string> ClassLabels = new[]
        {
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "7",
            "8",
            "9"
        };

        private static readonly Port[] InputPorts =
        {
            new Port("values", 1, -1, -1, 12),
            new Port("lengths", 7, -1)
        };

        private static readonly Port[] OutputPorts =
        {
            new Port("label", 8, -1),
            new Port("probabilities", 1, -1, 9)
        };

        private readonly Session session;

        /// <summary>Loads the model.</summary>
        public Model(string path) : this(path, new Options())
        {
        }

        /// <summary>Loads the model as the options say.</summary>
        public Model(string path, Options options)
        {
            byte[] content = Session.Read(path);
            try
            {
                session = new Session(content, options, InputPorts, OutputPorts);
            }
            catch (ModelException error) // ONNX Runtime's message does not name the file
            {
                throw new ModelException($"{path}: {error.Message}");
            }
        }

        /// <summary>Loads what lies in memory, such as a resource.</summary>
        public Model(byte[] content, Options options)
        {
            session = new Session(content, options, InputPorts, OutputPorts);
        }

        /// <summary>What the model gives.</summary>
        public sealed class Answer
        {
            /// <summary>(batch): the likeliest class</summary>
            public Tensor<string> Label { get; internal set; }

            /// <summary>(batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, …</summary>
            public Tensor<float> Probabilities { get; internal set; }
        }

        /// <summary>Releases what ONNX Runtime holds; no call may be under way.</summary>
        public void Dispose()
        {
            session.Dispose();
        }

        /// <summary>Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.</summary>
        /// <param name="values">(batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …</param>
        /// <param name="lengths">(batch): steps of each sequence</param>
        public Answer Classify(Tensor<float> values, Tensor<long> lengths)
        {
            var held = new Shapes();
            held.Hold(
                "values",
                values,
                new Shapes.Axis("batch", 1, long.MaxValue),
                new Shapes.Axis("time", 1, long.MaxValue),
                new Shapes.Axis("channel", 12, 12));
            held.Hold("lengths", lengths, new Shapes.Axis("batch", 1, long.MaxValue));
            held.HoldLengths("lengths", lengths.Values, "time", 1);
            Tensor[] results = session.Run(values, lengths);
            return new Answer
            {
                Label = Session.As<string>(results[0], OutputPorts[0]),
                Probabilities = Session.As<float>(results[1], OutputPorts[1])
            };
        }
    }
}
