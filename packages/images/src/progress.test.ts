import { describe, expect, it } from 'vitest';
import { InstallProgress } from './install-progress.js';
import { liveLines, plainLines } from './progress.js';

describe('progress', () => {
  it('is a line per change where nothing can be redrawn', () => {
    let text = '';
    const display = plainLines({ write: (part) => (text += part) });
    display.event({ image: 'keystone:2025.1', state: 'waiting' });
    display.event({ image: 'keystone:2025.1', state: 'building' });
    display.event({ image: 'keystone:2025.1', state: 'building', activity: 'unpacking 1/2' });
    display.event({ image: 'keystone:2025.1', state: 'done', seconds: 23.08 });
    display.event({ image: 'base:trixie', state: 'cached' });
    expect(text).toBe(
      'image keystone:2025.1: building…\nimage keystone:2025.1: done 23.1 s\nimage base:trixie: cached\n',
    );
  });

  it('says which packages a rebuild has changed, after all else on a terminal', () => {
    const event = {
      image: 'a:1',
      state: 'done',
      seconds: 1,
      changes: [
        { name: 'openssl', from: '1', to: '2' },
        { name: 'sudo', from: '1' },
      ],
    } as const;
    for (const display of [plainLines, liveLines]) {
      let text = '';
      const shown = display({ write: (part) => (text += part) });
      shown.event(event);
      shown.close();
      expect(text).toMatch(/a:1:? +done 1.0 s, 2 packages have changed\n(a:1\n)? {2}openssl 1 → 2\n {2}- sudo 1\n$/);
    }
  });

  it('is one line per image on a terminal, cut to its width', () => {
    let text = '';
    const display = liveLines({ write: (part) => (text = String(part)), columns: 60 }, () => 0);
    display.event({ image: 'a:1', state: 'waiting' });
    display.event({ image: 'a:1', state: 'building', activity: 'unpacking '.repeat(20) });
    display.event({ image: 'b:1', state: 'cached' });
    display.close();
    const lines = text.replace('\x1b[J', '').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toHaveLength(59);
    expect(lines[0]).toMatch(/^… a:1 +unpacking/);
    expect(lines[1]).toBe('✓ b:1                      cached');
  });
});

it('says how far an installation is', () => {
  const said: string[] = [];
  const progress = new InstallProgress((activity) => said.push(activity));
  for (const line of [
    '0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.',
    'Get:1 http://mirror.example/debian trixie/main amd64 a all 1',
    'Unpacking a (1) ...',
    'Unpacking b (1) ...',
    'Setting up a (1) ...',
    'COMMIT localhost/stackwright/a:1',
  ]) {
    progress.line(line);
  }
  expect(said).toEqual(['downloading 2 packages', 'unpacking 1/2', 'unpacking 2/2', 'configuring 1/2', 'storing']);
});
