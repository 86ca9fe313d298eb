import { expect, it } from 'vitest';
import { isImageName } from './image-name.js';

it.each([
  'keystone',
  'localhost/stackwright/keystone:2025.1',
  'registry.example:5000/a/b_c/d--e:1',
  '[fd00::1]:5000/a:latest',
  `a/b@sha256:${'0'.repeat(64)}`,
  `a/b:1@sha256:${'a'.repeat(64)}`,
])('%s is the name of an image', (name) => {
  expect(isImageName(name)).toBe(true);
});

it.each([
  '',
  '-h',
  '--privileged',
  '-v=/:/host',
  'a b',
  'a:',
  'a:-1',
  'a@sha256:12',
  'a/B',
  'a//b',
  'a/',
  '/a',
  'a\n',
  'a/b\n--privileged',
  'docker://a',
  '$(x)',
  'a'.repeat(600),
  'a'.repeat(200_000),
])('%j is none', (name) => {
  expect(isImageName(name)).toBe(false);
});
