// A module of our own, so that the spinner is loaded when there is something to show and not before.
export { default as ora } from 'ora';
