import { init } from '@instantdb/core';
import { type Subject, subject } from '../../likeness/subject.ts';

declare global {
  interface Window {
    subject: Subject;
  }
}

window.subject = subject((place) => init(place));
