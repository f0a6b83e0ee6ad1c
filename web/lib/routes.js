/**
 * The pages and who may open them: "anyone", a signed-in "student", or one who is "sorted". Each is a module in
 * `pages/` whose default export makes it, with a style sheet of the same name (or of the name `style`).
 */
export const ROUTES = {
  "#/": { page: "welcome", who: "anyone" },
  "#/sign-in": { page: "sign-in", style: "door", who: "anyone" },
  "#/sign-up": { page: "sign-up", style: "door", who: "anyone" },
  "#/photo": { page: "photo", who: "student" },
  "#/sorting": { page: "sorting", who: "student" },
  "#/reveal": { page: "reveal", who: "sorted" },
  "#/choose": { page: "choose", who: "student" },
  "#/card": { page: "card", who: "sorted" },
  "#/room": { page: "room", who: "sorted" },
  "#/lounge": { page: "lounge", who: "sorted" },
  "#/account": { page: "account", who: "student" },
};

/** The next step of a student's way into the school. */
export function nextStep(student) {
  if (!student) return "#/";
  if (student.house) return "#/room";
  return student.portrait ? "#/sorting" : "#/photo";
}
