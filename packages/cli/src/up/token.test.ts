import { describe, expect, it } from 'vitest';
import { catalogLines } from './token.js';

const endpoint = (name: string, url: string) => ({ interface: name, region: 'RegionOne', url });

describe('the catalog', () => {
  it('has a line for each URL, and the interfaces that have it', () => {
    const lines = catalogLines([
      {
        type: 'placement',
        name: 'placement',
        endpoints: [endpoint('internal', 'http://placement:8778'), endpoint('public', 'https://placement.example.org')],
      },
      {
        type: 'identity',
        name: 'keystone',
        endpoints: ['public', 'internal', 'admin'].map((name) => endpoint(name, 'http://keystone:5000/v3')),
      },
      { type: 'image', name: 'glance', endpoints: [] },
    ]);
    expect(lines.map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))).toEqual([
      'identity | keystone | http://keystone:5000/v3 | admin, internal, public',
      'image | glance | no endpoint',
      'placement | placement | http://placement:8778 | internal',
      'https://placement.example.org | public',
    ]);
  });
});
