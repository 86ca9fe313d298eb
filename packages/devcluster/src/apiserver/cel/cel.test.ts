// The language itself: what an expression sees, which functions it has, and how it fails.
import { expect, it } from 'vitest';
import type { Schema } from '../schema/schema.js';
import { newEnvironment } from './environment.js';
import { compileExpression } from './expression.js';
import { declareType, escapeName } from './types.js';

const schema: Schema = {
  type: 'object',
  properties: {
    count: { type: 'integer' },
    ratio: { type: 'number' },
    name: { type: 'string' },
    port: { 'x-kubernetes-int-or-string': true },
    since: { type: 'string', format: 'date-time' },
    wait: { type: 'string', format: 'duration' },
    key: { type: 'string', format: 'byte' },
    tags: { type: 'array', items: { type: 'string' } },
    owners: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    sizes: { type: 'object', additionalProperties: { type: 'integer' } },
    namespace: { type: 'string' },
    'a-b.c/d__e': { type: 'string' },
    nothing: { type: 'string', nullable: true },
    parts: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer' } } },
    },
    raw: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ['toString' as string]: { type: 'string' },
  },
};

const environment = newEnvironment();
const type = declareType(environment, schema, 'object', true)!;
environment.registerVariable('self', type.name);

const object = {
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x', labels: { a: 'b' } },
  count: 3,
  ratio: 1.5,
  name: 'thing-1',
  port: 80,
  since: '2024-02-29T10:00:00Z',
  wait: '1h30m',
  key: 'aGVsbG8=',
  tags: ['b', 'a', 'b'],
  owners: ['x', 'y'],
  sizes: { 'not/a-name': 4 },
  namespace: 'default',
  'a-b.c/d__e': 'odd',
  nothing: null,
  parts: [{ name: 'one', size: 1 }, { name: 'two' }],
  raw: { anything: 1 },
};

const evaluate = (source: string): unknown =>
  compileExpression(environment, source, 'any').evaluate({ self: type.value(object) });

it.each([
  // values by their schema
  'self.count == 3 && self.count / 2 == 1',
  'self.ratio > 1 && self.ratio < 2 && self.count < 3.5',
  'type(self.port) == int && self.port == 80 && !(self.port == "80")',
  'self.since > timestamp("2024-01-01T00:00:00Z") && self.since.getMonth() == 1',
  'self.wait == duration("90m")',
  'self.key == b"hello"',
  'self.sizes["not/a-name"] == 4 && self.sizes.all(name, self.sizes[name] < 5)',
  'self.metadata.name == "x" && self.kind == "Thing"',
  'self.__namespace__ == "default" && self.a__dash__b__dot__c__slash__d__underscores__e == "odd"',
  '!has(self.nothing) && !has(self.toString) && has(self.name)',
  'self.owners == ["y", "x"] && self.owners.join(",") == "x,y" && "x" in self.owners && size(self.owners) == 2',
  'self.parts.exists(part, !has(part.size)) && self.parts.filter(part, has(part.size)).all(part, part.size == 1)',
  'self.parts[0] == self.parts[0] && self.parts[0] != self.parts[1] && self == self && self.parts[0] in self.parts',
  // errors do not count where the answer does not depend on them
  'self.parts[9].name == "x" || true',
  'self.parts.exists(part, part.size == 1)',
  // optionals
  'self.?nothing.orValue("none") == "none" && self.tags[?9].hasValue() == false',
  'self.?name.optMap(name, name + "!").orValue("") == "thing-1!"',
  'self.?name.optFlatMap(name, optional.none()).hasValue() == false',
  'optional.ofNonZeroValue("").hasValue() == false',
  // lists and sets
  'self.tags.indexOf("b") == 0 && self.tags.lastIndexOf("b") == 2 && self.tags.indexOf("z") == -1',
  '!self.tags.isSorted() && ["a", "b"].isSorted() && [1, 3, 2].max() == 3 && [2, 1].min() == 1',
  '[1, 2, 3].sum() == 6 && self.parts.filter(part, has(part.size)).map(part, part.size).sum() == 1',
  'sets.contains(self.tags, ["a"]) && sets.equivalent(self.tags, ["a", "b"]) && !sets.intersects(self.tags, ["z"])',
  // text
  'self.name.matches("^[a-z]+-[0-9]$") && "ABC".matches("(?i)abc") && matches("x", "[[:alpha:]]")',
  '"abc 123 45".find("[0-9]+") == "123" && "abc 123 45".findAll("[0-9]+") == ["123", "45"] && "1 2".findAll("[0-9]", 1) == ["1"]',
  '"a,b".split(",") == ["a", "b"] && "aXbX".replace("X", "-", 1) == "a-bX" && "abc".charAt(1) == "b" && " x ".trim() == "x"',
  '"%s has %d, %.2f".format(["it", 3, 1.5]) == "it has 3, 1.50" && "%x".format([255]) == "ff"',
  'strings.quote("a") == "\\"a\\""',
  // addresses
  'isURL("https://a.b:8443/p?x=1&x=2") && !isURL("no url")',
  'url("https://a.b:8443/p?x=1").getHost() == "a.b:8443" && url("https://a.b:8443").getPort() == "8443" && url("https://[::1]/").getHostname() == "::1"',
  'url("https://a.b/p/q?x=1&x=2").getQuery() == {"x": ["1", "2"]} && url("https://a.b/p/q").getEscapedPath() == "/p/q" && url("http://a").getScheme() == "http"',
  'isIP("10.0.0.1") && !isIP("10.0.0.256") && ip("::1").family() == 6 && ip("127.0.0.1").isLoopback() && ip("8.8.8.8").isGlobalUnicast()',
  'ip.isCanonical("::1") && !ip.isCanonical("0:0:0:0:0:0:0:1") && string(ip("0:0::1")) == "::1"',
  'cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !cidr("10.0.0.0/8").containsIP(ip("11.0.0.1"))',
  'cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8") && cidr("fd00::/8").prefixLength() == 8 && isCIDR("::/0") && !isCIDR("10.0.0.0/33")',
  // quantities and names
  'quantity("1Gi").isGreaterThan(quantity("1G")) && quantity("500m").add(quantity("0.5")).asInteger() == 1 && quantity("1").compareTo(quantity("1000m")) == 0',
  'isQuantity("5Mi") && !isQuantity("5 apples") && quantity("-1").sign() == -1 && quantity("2").sub(1) == quantity("1")',
  '!format.dns1123Label().validate("ok").hasValue() && format.dns1123Label().validate("Not Ok").hasValue()',
  'format.named("uuid").value().validate("x").value().size() == 1 && !format.named("nonsense").hasValue()',
])('%s', (source) => {
  expect(evaluate(source)).toBe(true);
});

it.each([
  ['self.missing', "undefined field 'missing'"],
  ['has(self.missing)', "undefined field 'missing'"],
  ['self.parts.all(part, part.sise > 0)', "undefined field 'sise'"],
  ['self.metadata.labels', "undefined field 'labels'"],
  ['self.raw.anything', "undefined field 'anything'"],
  ['self.name == 1', "found no matching overload for '_==_' applied to '(string, int)'"],
  ['self.name.matches(1)', 'string.matches(int)'],
  ['other', "undeclared reference to 'other' (in container '')"],
  ['self.count +', 'Syntax error'],
])('does not compile: %s', (source, message) => {
  expect(() => compileExpression(environment, source, 'any')).toThrow(message);
});

it('points at what does not compile', () => {
  expect(() => compileExpression(environment, 'true &&\n  self.nope', 'bool')).toThrow(
    "compilation failed: ERROR: <input>:2:8: undefined field 'nope'\n |   self.nope\n | .......^",
  );
});

it.each([
  ['self.parts[1].size > 0', 'no such key: size'],
  ['self.count / 0 == 1', 'division by zero'],
  ['[].max() == 1', 'max called on empty list'],
  ['quantity("many").isInteger()', 'quantities must match'],
  ['self.port.startsWith("8")', 'no matching overload'],
])('fails: %s', (source, message) => {
  expect(() => evaluate(source)).toThrow(message);
});

it.each([
  ['"a".matches("(")', 'invalid matches argument'],
  ['"ab".reverse() == "ba"', "no matching overload for 'reverse'"],
  ['base64.encode(self.key) == "YQ=="', "undeclared reference to 'base64'"],
  ['cel.bind(x, self.count, x > 1)', "undeclared reference to 'cel'"],
  ['has(self)', 'invalid argument to has() macro'],
  ['self.count == 9223372036854775808', 'invalid int literal'],
])('does not compile, though the evaluator would: %s', (source, message) => {
  expect(() => compileExpression(environment, source, 'bool')).toThrow(message);
});

it('names what it may', () => {
  expect(escapeName('in')).toBe('__in__');
  expect(escapeName('a b')).toBeUndefined();
  expect(escapeName('0')).toBeUndefined();
});
