import { describe, expect, test } from 'vitest';
import type { RedirectService } from '../app/app-identity.ts';
import { isAuthorizedRedirect, redirectOriginProblem } from './redirect-origins.ts';

const rule = (service: RedirectService, ...params: string[]) => [{ id: 'x', service, params, createdAt: 0 }];

describe('isAuthorizedRedirect()', () => {
  test.each<[string, RedirectService, string[], string]>([
    ['a website', 'generic', ['example.com'], 'https://example.com/a?b=c'],
    ['a website on a port', 'generic', ['example.com:8443'], 'https://example.com:8443/'],
    ['a site of Netlify', 'netlify', ['site'], 'https://site.netlify.app/'],
    ['a preview of Netlify', 'netlify', ['site'], 'https://deploy-preview-42--site.netlify.app/'],
    ['a live preview of Netlify', 'netlify', ['site'], 'https://e3757530--site.netlify.live/'],
    ['a preview of Vercel', 'vercel', ['vercel.app', 'site'], 'https://site-git-main.vercel.app/'],
    ['an app on a device', 'custom-scheme', ['myapp'], 'myapp://done'],
  ])('lets a sign-in lead back to %s', (_case, service, params, address) => {
    expect(isAuthorizedRedirect(rule(service, ...params), address)).toBe(true);
    expect(isAuthorizedRedirect([], address)).toBe(false);
  });

  test.each(['http://localhost:3000/', 'https://127.0.0.1/', 'http://[::1]:5173/x'])(
    'needs no rule for this machine: %s',
    (address) => expect(isAuthorizedRedirect([], address)).toBe(true),
  );

  test.each<[RedirectService, string[], string]>([
    ['generic', ['example.com'], 'https://example.com.evil.example/'],
    ['generic', ['example.com'], 'https://evil.example/?https://example.com'],
    ['generic', ['example.com'], 'https://example.com@evil.example/'],
    ['generic', ['example.com'], 'https://example.com:8443/'],
    ['generic', ['example.com'], 'ftp://example.com/'],
    ['netlify', ['site'], 'https://evil-site.netlify.app/'],
    ['netlify', ['site'], 'https://x--site.netlify.app.evil.example/'],
    ['vercel', ['vercel.app', 'site'], 'https://site.evilvercel.app/'],
    ['vercel', ['vercel.app', 'site'], 'https://other.vercel.app/'],
    ['custom-scheme', ['javascript'], 'javascript:alert(1)'],
    ['custom-scheme', ['myapp'], 'https://myapp/'],
    ['custom-scheme', ['myapp'], 'myapp'],
  ])('%s %j does not stand for %s', (service, params, address) => {
    expect(isAuthorizedRedirect(rule(service, ...params), address)).toBe(false);
  });
});

describe('redirectOriginProblem()', () => {
  test.each<[string, unknown[]]>([
    ['generic', []],
    ['generic', ['a', 'b']],
    ['netlify', [7]],
    ['vercel', ['vercel.app']],
    ['custom-scheme', ['https']],
    ['custom-scheme', ['JavaScript']],
    ['nowhere', ['x']],
  ])('refuses %s with %j', (service, params) => {
    expect(redirectOriginProblem(service, params)).toEqual(expect.any(String));
  });
});
