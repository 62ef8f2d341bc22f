using System;

namespace Vowels
{
    /// <summary>Why a model cannot be loaded or cannot answer, in one line.</summary>
    public sealed class ModelException : Exception
    {
        internal ModelException(string why) : base(why)
        {
        }
    }
}
