using System.Collections.Generic;

namespace Vowels
{
    /// <summary>Holds the inputs of a call to their axes: one axis has the same length in all of them.</summary>
    internal sealed class Shapes
    {
        private readonly Dictionary<string, long> found = new Dictionary<string, long>();

        /// <summary>Says which lengths an axis may have.</summary>
        internal struct Axis
        {
            internal readonly string Name;
            internal readonly long Least;
            internal readonly long Most;

            internal Axis(string name, long least, long most)
            {
                Name = name;
                Least = least;
                Most = most;
            }
        }

        /// <summary>Looks at one input: ONNX Runtime ends the process where an LSTM gets no sequence.</summary>
        /// <exception cref="ModelException">An axis has another length.</exception>
        internal void Hold(string input, Tensor tensor, params Axis[] axes)
        {
            long[] shape = tensor.Shape;
            if (shape.Length != axes.Length)
            {
                throw new ModelException($"input '{input}': has {shape.Length} axes instead of {axes.Length}");
            }
            for (int k = 0; k < axes.Length; k++)
            {
                Axis axis = axes[k];
                string has = $"input '{input}': axis '{axis.Name}' has length {shape[k]}, and ";
                if (shape[k] < axis.Least)
                {
                    throw new ModelException($"{has}must have {axis.Least} at least");
                }
                if (shape[k] > axis.Most)
                {
                    throw new ModelException($"{has}must have {axis.Most} at most");
                }
                if (found.TryGetValue(axis.Name, out long other) && other != shape[k])
                {
                    throw new ModelException($"{has}{other} in another input: they must agree");
                }
                found[axis.Name] = shape[k];
            }
        }

        /// <summary>Looks at lengths along an axis: one beyond the end would be read there.</summary>
        /// <exception cref="ModelException">There is no sequence of such a length.</exception>
        internal void HoldLengths(string input, long[] lengths, string along, long least)
        {
            if (!found.TryGetValue(along, out long most))
            {
                most = long.MaxValue;
            }
            for (int at = 0; at < lengths.Length; at++)
            {
                if (lengths[at] < least || lengths[at] > most)
                {
                    throw new ModelException(
                        $"input '{input}': {lengths[at]} at {at}, and a length must be from {least} to {most}");
                }
            }
        }
    }
}
