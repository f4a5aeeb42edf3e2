// Packages on npm that are modules are run as what they are: no transform of anything.
export default {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/*.jest.mjs'],
  testPathIgnorePatterns: ['/node_modules/', '/next/'],
  moduleFileExtensions: ['mjs', 'js', 'json'],
  transform: {},
};
