namespace Vowels
{
    /// <summary>What is done to the graph before it runs.</summary>
    public enum Optimisation
    {
        None = 0,
        Basic = 1,
        Extended = 2,
        All = 99
    }

    /// <summary>How to open a model; what is set is the best for small ones.</summary>
    public sealed class Options
    {
        /// <summary>Of one call.</summary>
        public int Threads { get; set; } = 1;

        public Optimisation Optimisation { get; set; } = Optimisation.All;

        /// <summary>Null for the CPU, or what this build of ONNX Runtime has: CUDA, CoreML, XNNPACK.</summary>
        public string Provider { get; set; }
    }
}
