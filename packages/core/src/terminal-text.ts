// Text of others that people read on a terminal, which takes some characters for orders: to move, to overwrite, to change a title.

/**
 * Control characters but for tab and line feed, among them the escape character and its single-byte forms (C1); what turns the
 * direction of text or ends its lines; and characters that nobody sees.
 */
const orders = /(?![\t\n])\p{Cc}|\p{Bidi_Control}|[\p{Zl}\p{Zp}\ufeff\u{e0000}-\u{e007f}]/gu;

/** Without them. */
export const withoutControls = (text: string): string => text.replace(orders, '');

/** JSON that says the same with them written as `\u001b`. */
export const controlsEscaped = (json: string): string =>
  json.replace(orders, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  );
