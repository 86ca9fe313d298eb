/** Takes passwords out of URLs, as the controllers do before anything reaches a condition. */
export const scrub = (text: string): string => text.replace(/(\w[\w+.-]*:\/\/[^\s:/@]*):[^\s/@]*@/g, '$1:***@');
