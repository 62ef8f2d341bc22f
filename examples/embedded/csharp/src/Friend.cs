// The program tests the library from the inside.
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("vowels-program")]
