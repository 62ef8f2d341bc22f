/* What a sketch sees of a board, on a machine with a C library: Serial prints to the console. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static unsigned long micros()
{
    return (unsigned long)((double)clock() * 1e6 / CLOCKS_PER_SEC);
}

static unsigned long millis()
{
    return micros() / 1000;
}

struct Console {
    void begin(long) {}
    explicit operator bool() const { return true; }
    void print(const char *text) { printf("%s", text); }
    void print(int value) { printf("%d", value); }
    void print(long value) { printf("%ld", value); }
    void print(unsigned long value) { printf("%lu", value); }
    void print(double value, int digits) { printf("%.*f", digits, value); }
    template <typename... Values>
    void println(Values... values)
    {
        print(values...);
        print("\n");
    }
    void println() { print("\n"); }
};

static Console Serial;

void setup();
void loop();

int main()
{
    setup();
    loop();
    return 0;
}
