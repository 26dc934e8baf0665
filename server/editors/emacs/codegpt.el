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
;;   (add-hook 'prog-mode-hook #'lsp-deferred)
;;   (add-hook 'lsp-mode-hook #'codegpt-mode)

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
    (`(,state ,_) (format " codegpt(%s)" state))))

(defun codegpt--take (pattern)
  "Take of the suggestion what PATTERN matches at its beginning, all of it where that is nil."
  (let* ((item (lsp-inline-completion--current))
         (text (and item (lsp-inline-completion-item-insert-text item))))
    (cond ((not text) (user-error "There is no suggestion"))
          ((and pattern (string-match pattern text) (< (match-end 0) (length text)))
           (let ((taken (match-string 0 text)))
             (lsp-inline-completion-cancel)
             (insert taken)
             (lsp-notify "textDocument/didPartiallyAcceptCompletion"
                         (list :item (lsp-inline-completion-item-raw item) :acceptedLength (length taken)))
             (lsp-inline-completion-display)))
          (t (lsp-inline-completion-accept)))))

(defun codegpt--answer (argument command)
  "The server's answer to COMMAND with ARGUMENT."
  (lsp-request "workspace/executeCommand" (list :command command :arguments (vector argument))))

(defun codegpt--place ()
  "The region, or the place of the cursor."
  (let ((begin (if (use-region-p) (region-beginning) (point)))
        (end (if (use-region-p) (region-end) (point))))
    (list :uri (lsp--buffer-uri)
          :range (list :start (lsp-point-to-position begin) :end (lsp-point-to-position end)))))

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
  "Write what is missing at the cursor, what the comment there says, or WORDS."
  (interactive (list (and current-prefix-arg (read-string "What is to be written? "))))
  (codegpt--choose
   (codegpt--answer (append (codegpt--place) (and words (list :words words))) "codegpt.generate")))

(defun codegpt-why ()
  "Say why this suggestion, or none."
  (interactive)
  (let ((answer (lsp-request "workspace/executeCommand" '(:command "codegpt.explain" :arguments []))))
    (message "%s" (lsp-get answer :text))))

(defun codegpt-snooze (minutes)
  "Suggest nothing for MINUTES."
  (interactive "nMinutes: ")
  (codegpt--answer minutes "codegpt.snooze"))

(defun codegpt-toggle ()
  "Turn suggestions on or off."
  (interactive)
  (let ((answer (lsp-request "workspace/executeCommand" '(:command "codegpt.toggle" :arguments []))))
    (message "codegpt: %s" (if (eq (lsp-get answer :on) t) "on" (lsp-get answer :why)))))

(provide 'codegpt)
;;; codegpt.el ends here
