// Refusals in Keystone's words.
import { Refusal } from '../http-api.js';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
};

function refusal(code: number, message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal({ status: code, json: { error: { code, message, title: titles[code] ?? '' } }, headers });
}

export const badRequest = (message: string): Refusal => refusal(400, message);

export const unauthorized = (base: string): Refusal =>
  refusal(401, 'The request you have made requires authentication.', {
    'www-authenticate': `Keystone uri="${base}/v3"`,
  });

export const forbidden = (message: string): Refusal => refusal(403, message);

export const mayNot = (action: string): Refusal =>
  forbidden(`You are not authorized to perform the requested action: ${action}.`);

export const notFound = (what: string, id: string): Refusal => refusal(404, `Could not find ${what}: ${id}.`);

export const conflict = (what: string, detail: string): Refusal =>
  refusal(409, `Conflict occurred attempting to store ${what} - ${detail}.`);
