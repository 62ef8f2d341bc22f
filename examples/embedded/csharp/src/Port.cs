using System.Linq;

namespace Vowels
{
    /// <summary>An input or output for which the code was made.</summary>
    internal sealed class Port
    {
        internal readonly string Name;
        private readonly int element;
        private readonly long[] sizes;

        /// <summary>Sizes are -1 where an axis is free.</summary>
        internal Port(string name, int element, params long[] sizes)
        {
            Name = name;
            this.element = element;
            this.sizes = sizes;
        }

        /// <summary>Whether something is of its type and shape, as far as it is known.</summary>
        internal bool Fits(int foundElement, long[] found)
        {
            return foundElement == element && found.Length == sizes.Length
                && found.Zip(sizes, (a, b) => a < 0 || b < 0 || a == b).All(same => same);
        }

        internal ModelException Other(string kind)
        {
            return new ModelException(
                $"{kind} {Name} is missing or of another type or shape: this program was made for another model");
        }
    }
}
