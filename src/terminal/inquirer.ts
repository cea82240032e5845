// Named, so that the bundler leaves out the prompts that are not used: a bare `import('@inquirer/prompts')` takes all.
export { confirm, input, password, search, select } from '@inquirer/prompts';
