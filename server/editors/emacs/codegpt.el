;;; codegpt.el --- Completion and code from words by a model on your own machine -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (lsp-mode "10.0.0"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A client of `codegpt-server' for lsp-mode, which draws suggestions (`lsp-inline-completion').  All that decides is in
;; the server.  In your init file:
;;
;;   (require 'codegpt)
;;   (add-hook 'prog-mode-hook #'codegpt-mode)
;;
;; While a suggestion is shown TAB takes all of it, M-<right> a word, M-<end> a line, C-n and C-p go through several, and
;; C-g drops it.  C-c \\ asks for several; M-x codegpt-write writes the function at point from its docstring.

;;; Code:

(require 'lsp-mode)
(require 'lsp-inline-completion)

(defgroup codegpt nil
  "Completion and code from words by a model on your own machine."
  :group 'lsp-mode)

(defcustom codegpt-command '("codegpt-server")
  "The server's command line."
  :type '(repeat string))

(defcustom codegpt-settings nil
  "The server's settings as an alist of symbols, see docs/server.md."
  :type '(alist :key-type symbol))

(defcustom codegpt-trusted nil
  "Whether programs made of a workspace may be run, in the jail.
A function is called with the root of the workspace."
  :type '(choice boolean function))

(defcustom codegpt-delay 0.1
  "So many seconds after the last key a suggestion is asked for."
  :type 'number)

(defvar codegpt-status nil
  "What the server said last: its state, and why nothing is suggested.")

(defun codegpt--options ()
  "What the server is told at the start."
  (let ((trusted (if (functionp codegpt-trusted) (funcall codegpt-trusted (lsp-workspace-root)) codegpt-trusted)))
    (append codegpt-settings `((trusted . ,(if trusted t :json-false))))))

(defun codegpt--said (_workspace said)
  "Keep what the server SAID of itself."
  (setq codegpt-status (list (lsp-get said :state) (lsp-get said :why)))
  (force-mode-line-update t))

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection (lambda () codegpt-command))
  :activation-fn (lambda (&rest _) t)
  :add-on? t
  :priority -1
  :initialization-options #'codegpt--options
  :notification-handlers (lsp-ht ("codegpt/status" #'codegpt--said))
  :server-id 'codegpt))

(defun codegpt--lighter ()
  "For the mode line."
  (pcase codegpt-status
    (`(,_ ,(and why (guard (and why (not (string-empty-p why)))))) (format " codegpt(%s)" why))
    (`("ready" ,_) " codegpt")
    (`(,state ,_) (format " codegpt(%s)" state))
    (_ " codegpt(starting)")))

(defun codegpt--said-of-item (method item &rest more)
  "Tell the server by METHOD of ITEM and MORE."
  (lsp-notify method (append (list :item item) more)))

(defun codegpt--current ()
  "The suggestion that is shown."
  (elt lsp-inline-completion--items lsp-inline-completion--current))

(defun codegpt--shown ()
  "Tell the server what is on the screen."
  (codegpt--said-of-item "textDocument/didShowCompletion" (codegpt--current)))

(defun codegpt--take (pattern)
  "Take of the suggestion what PATTERN matches at its beginning, all of it where that is all."
  (unless (lsp-inline-completion--active-p)
    (user-error "There is no suggestion"))
  (-let* ((item (codegpt--current))
          ((&InlineCompletionItem :insert-text :range?) item)
          (begin (if range? (lsp--position-to-point (lsp:range-start range?)) lsp-inline-completion--start-point))
          (typed (buffer-substring-no-properties begin lsp-inline-completion--start-point))
          (rest (string-remove-prefix typed insert-text)))
    (if (not (and (string-match pattern rest) (< (match-end 0) (length rest))))
        (lsp-inline-completion-accept)
      (let ((taken (match-string 0 rest)))
        (lsp-inline-completion-cancel)
        (insert taken)
        (codegpt--said-of-item "textDocument/didPartiallyAcceptCompletion" item
                               :acceptedLength (+ (length typed) (length taken)))
        (lsp-inline-completion-display 'implicit)))))

(defun codegpt-take-word ()
  "Take a word of the suggestion."
  (interactive)
  (codegpt--take "\\`[[:space:]\n]*\\(?:\\(?:\\sw\\|\\s_\\)+\\|[^[:space:]]\\)"))

(defun codegpt-take-line ()
  "Take a line of the suggestion."
  (interactive)
  (codegpt--take "\\`\n*[^\n]+"))

(lsp-inline-completion--define-key lsp-inline-completion-active-map (kbd "TAB") #'lsp-inline-completion-accept 'keep)
(lsp-inline-completion--define-key lsp-inline-completion-active-map (kbd "M-<right>") #'codegpt-take-word 'keep)
(lsp-inline-completion--define-key lsp-inline-completion-active-map (kbd "M-<end>") #'codegpt-take-line 'keep)

(defvar codegpt-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c \\") #'lsp-inline-completion-display)
    map)
  "Keys of `codegpt-mode'.")

;;;###autoload
(define-minor-mode codegpt-mode
  "Suggestions of a model on your own machine while you type."
  :lighter (:eval (codegpt--lighter))
  :keymap codegpt-mode-map
  (if (not codegpt-mode)
      (progn
        (remove-hook 'lsp-inline-completion-shown-hook #'codegpt--shown t)
        (lsp-inline-completion-mode -1))
    (setq-local lsp-inline-completion-idle-delay codegpt-delay)
    (add-hook 'lsp-inline-completion-shown-hook #'codegpt--shown nil t)
    (lsp-deferred)))

(defun codegpt--answer (argument command then)
  "Have the server do COMMAND with ARGUMENT, and call THEN with its answer; nobody waits for it."
  (lsp-request-async "workspace/executeCommand"
                     (list :command command :arguments (if argument (vector argument) []))
                     (lambda (answer) (run-at-time 0 nil then answer))
                     :error-handler (lambda (failed) (message "codegpt: %s" (lsp-get failed :message)))
                     :mode 'alive))

(defun codegpt--place ()
  "The region, or the place of the cursor."
  (let ((begin (if (use-region-p) (region-beginning) (point)))
        (end (if (use-region-p) (region-end) (point))))
    (list :uri (lsp--buffer-uri)
          :range (list :start (lsp--point-to-position begin) :end (lsp--point-to-position end)))))

(defun codegpt--choose (answer)
  "Let a candidate of ANSWER be chosen by its evidence, previewed, and applied."
  (let* ((candidates (append (lsp-get answer :candidates) nil))
         (labels (seq-map-indexed (lambda (each at) (cons (format "%d. %s" (1+ at) (lsp-get each :label)) each)) candidates))
         (buffer (get-buffer-create "*codegpt*"))
         (mode major-mode))
    (unless candidates
      (user-error "%s" (string-join (append (lsp-get answer :remarks) nil) " ")))
    (with-current-buffer buffer
      (let ((inhibit-read-only t))
        (erase-buffer)
        (dolist (each labels)
          (insert (propertize (concat (car each) "\n") 'face 'bold) (lsp-get (cdr each) :program) "\n\n")))
      (funcall mode)
      (goto-char (point-min))
      (view-mode 1))
    (save-window-excursion
      (display-buffer buffer)
      (let ((chosen (cdr (assoc (completing-read "Apply: " labels nil t nil nil (caar labels)) labels))))
        (when-let* ((edit (lsp-get chosen :edit)))
          (lsp--apply-workspace-edit edit))))))

;;;###autoload
(defun codegpt-write (words)
  "Write what is missing at the cursor, what the comment there says, or WORDS, which a prefix argument asks for."
  (interactive (list (and current-prefix-arg (read-string "What is to be written? "))))
  (message "codegpt: writing")
  (codegpt--answer (append (codegpt--place) (and words (list :words words))) "codegpt.generate" #'codegpt--choose))

(defun codegpt-why ()
  "Say why this suggestion, or none."
  (interactive)
  (codegpt--answer nil "codegpt.explain" (lambda (answer) (message "%s" (lsp-get answer :text)))))

(defun codegpt-snooze (minutes)
  "Suggest nothing for MINUTES."
  (interactive "nMinutes: ")
  (codegpt--answer minutes "codegpt.snooze" #'ignore))

(defun codegpt-toggle ()
  "Turn suggestions on or off."
  (interactive)
  (codegpt--answer nil "codegpt.toggle"
                   (lambda (answer) (message "codegpt: %s" (if (eq (lsp-get answer :on) t) "on" (lsp-get answer :why))))))

(provide 'codegpt)
;;; codegpt.el ends here
