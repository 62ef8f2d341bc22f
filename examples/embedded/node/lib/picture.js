// Reads pictures as Netpbm writes them (PPM or PGM, binary): any program for pictures can make one.
import { InputError } from "./table.js";

const LARGEST = 65535;

/**
 * Yields each picture of a file: `{ height, width, values }`, rows from the top, places from the left, each with red, green
 * and blue.
 *
 * @param {Uint8Array} bytes of the file
 */
export function* pictures(bytes) {
  let at = 0;
  const isSpace = (sign) => sign === 32 || (sign >= 9 && sign <= 13);

  /** A whole number of the header, and the one sign of white space after it. */
  function headerNumber() {
    while (isSpace(bytes[at]) || bytes[at] === 35) {
      if (bytes[at] === 35) while (at < bytes.length && bytes[at] !== 10) at += 1; // a remark, up to the end of its line
      at += 1;
    }
    let value = 0;
    for (; bytes[at] >= 48 && bytes[at] <= 57 && value <= LARGEST; at += 1) value = 10 * value + bytes[at] - 48;
    if (!isSpace(bytes[at]) || value < 1 || value > LARGEST) throw new InputError("the picture's header is broken");
    at += 1;
    return value;
  }

  for (;;) {
    while (isSpace(bytes[at])) at += 1; // between two pictures
    if (at >= bytes.length) return;
    const kind = String.fromCharCode(...bytes.subarray(at, at + 2));
    if (kind !== "P5" && kind !== "P6") {
      throw new InputError("the input is no PPM or PGM picture; make one, such as with: magick PHOTO.jpg -depth 8 ppm:-");
    }
    at += 2;
    const [width, height, brightest] = [headerNumber(), headerNumber(), headerNumber()];
    if (brightest > 255) throw new InputError("the picture has two bytes a value; make it with one, such as by: -depth 8");
    const colours = kind === "P6" ? 3 : 1;
    const found = bytes.subarray(at, (at += width * height * colours));
    if (at > bytes.length) throw new InputError("the picture ends too early");
    const full = (value) => Math.min(Math.floor((value * 255 + (brightest >> 1)) / brightest), 255);
    const values = Uint8Array.from({ length: 3 * width * height }, (_, i) => full(found[colours === 3 ? i : Math.floor(i / 3)]));
    yield { height, width, values };
  }
}
